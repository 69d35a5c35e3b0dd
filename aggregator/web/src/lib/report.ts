/** Reports as the aggregator makes them (docs/guide/reports.md). */
import type { Sentence } from "./catalogue";

export const REPORTS = ["shift", "response", "precision", "coverage"] as const;
export type ReportName = (typeof REPORTS)[number];
export const PERIODS = ["shift", "previous_shift", "today", "yesterday", "week", "month"] as const;
export type Period = (typeof PERIODS)[number];

export type Value = string | number | Sentence | null;
export type Row = Record<string, Value>;

export interface Column {
  key: string;
  type: string;
}

/** x, series: columns; with `by`, the one series for each value of that column. */
export interface PlotSpec {
  kind: "bars" | "lines";
  series: string[];
  x: string;
  by: string | null;
  /** The columns of the interval around the one series. */
  interval: string[] | null;
  /** The column of what is drawn across, from the first row. */
  limit: string | null;
}

export interface Table {
  key: string;
  columns: Column[];
  rows: Row[];
  total: number;
  /** What of it is drawn. */
  plot: PlotSpec | null;
}

export interface Report {
  report: ReportName;
  since: string;
  until: string;
  generated: string;
  zone: { name: string; label: string };
  tables: Table[];
}

/** A range by its name, or from one moment to another (milliseconds). */
export type Range = { period: Period } | { from: number; to: number };

/** The ranges that make sense for a report without being asked, as the aggregator has them. */
export const USUAL: Record<ReportName, Period> = { shift: "shift", response: "week", precision: "month", coverage: "today" };

export function reportPath(name: ReportName, range: Range, more: Record<string, string> = {}): string {
  const within: Record<string, string> =
    "period" in range
      ? { period: range.period }
      : { from: new Date(range.from).toISOString(), to: new Date(range.to).toISOString() };
  return `/api/v1/reports/${name}?${new URLSearchParams({ ...within, ...more })}`;
}

const NUMBERS = new Set(["count", "number", "share", "seconds"]);

export function isNumeric(column: Column): boolean {
  return NUMBERS.has(column.type);
}

/** So many columns, or columns of words, do not fit into a third of the page. */
const WIDE = 7;
const WORDY = 5;

/** Tables that need the whole width. */
export function isWide(table: Table): boolean {
  const words = table.columns.filter((column) => !isNumeric(column) && column.type !== "time" && column.type !== "span");
  return table.plot === null && (table.columns.length >= WIDE || words.length >= WORDY);
}
