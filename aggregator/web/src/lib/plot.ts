/** What a plot draws, in the units of its drawing: pure, so that it can be tested without a browser. */
import { scaleLinear } from "d3-scale";
import type { PlotSpec, Row, Table, Value } from "./report";

export interface Series {
  key: string;
  values: (number | null)[];
}

export interface Plotted {
  /** The values of the x column, in order, each once. */
  x: Value[];
  series: Series[];
}

/** More lines than this cannot be told apart; the first ones are kept, which the aggregator puts first for a reason. */
export const MOST_LINES = 5;

export function plotted(table: Table, spec: PlotSpec): Plotted {
  const x = [...new Set(table.rows.map((row) => row[spec.x] ?? null))];
  const { by } = spec;
  if (by === null) {
    return { x, series: spec.series.map((key) => ({ key, values: table.rows.map((row) => numeric(row, key)) })) };
  }
  const [column = ""] = spec.series;
  const groups = [...new Set(table.rows.map((row) => String(row[by] ?? "")))].slice(0, MOST_LINES);
  const series = groups.map((group) => {
    const own = new Map(table.rows.filter((row) => String(row[by] ?? "") === group).map((row) => [row[spec.x] ?? null, numeric(row, column)]));
    return { key: group, values: x.map((at) => own.get(at) ?? null) };
  });
  return { x, series };
}

function numeric(row: Row, key: string): number | null {
  const value = row[key];
  return typeof value === "number" ? value : null;
}

/** Whether there is anything to draw. */
export function isEmpty(plot: Plotted): boolean {
  return plot.series.every((one) => one.values.every((value) => value === null || value === 0));
}

const HOURLY_MS = 2 * 3_600_000;

/** Whether spans are days, by when each begins. The first may be cut short, and where clocks change an hour may be two. */
export function isDaily(begins: Plotted["x"]): boolean {
  const times = begins.map((begin) => Date.parse(String(begin)));
  return times.some((time, at) => time - (times[at - 1] ?? time) > HOURLY_MS);
}

export interface Axis {
  ticks: number[];
  at: (value: number) => number;
}

/** From nought up to a round number; a share goes up to all. Counts have no fractions. height: pixels. */
export function axis(values: (number | null)[], type: string, height: number): Axis {
  const most = type === "share" ? 1 : Math.max(1, ...values.map((value) => value ?? 0));
  const scale = scaleLinear().domain([0, most]).nice(4).range([height, 0]);
  const whole = scale.ticks(4).filter((tick) => type !== "count" || Number.isInteger(tick));
  return { ticks: whole, at: (value) => scale(value) };
}

/** Indices of about `most` labels that fit below an axis, evenly spread from the first on. */
export function labelled(count: number, most: number): Set<number> {
  const step = Math.max(1, Math.ceil(count / Math.max(1, most)));
  return new Set(Array.from({ length: count }, (_, at) => at).filter((at) => at % step === 0));
}

/** An SVG path through the points; nothing is drawn over a gap. */
export function path(points: ([number, number] | null)[]): string {
  let drawn = "";
  let pen = false;
  for (const point of points) {
    if (point !== null) drawn += `${pen ? "L" : "M"}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
    pen = point !== null;
  }
  return drawn;
}
