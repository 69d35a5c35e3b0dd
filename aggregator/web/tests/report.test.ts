import { describe, expect, it } from "vitest";
import { axis, isDaily, isEmpty, labelled, path, plotted } from "../src/lib/plot";
import { isWide, reportPath, type PlotSpec, type Table } from "../src/lib/report";
import { viewOf } from "../src/lib/address";

const table = (key: string, keys: string[], rows: (string | number | null)[][]): Table => ({
  key,
  columns: keys.map((name) => ({ key: name, type: "count" })),
  rows: rows.map((row) => Object.fromEntries(keys.map((name, at) => [name, row[at] ?? null]))),
  total: rows.length,
  plot: null,
});

const drawn = (spec: Partial<PlotSpec>): PlotSpec => ({ kind: "lines", x: "begin", series: [], by: null, interval: null, limit: null, ...spec });

describe("a plot", () => {
  it("draws the columns it names, in the order of the rows, with gaps where nothing is known", () => {
    const found = plotted(table("load", ["begin", "opened", "peak"], [["a", 1, 2], ["b", null, 3]]), drawn({ kind: "bars", series: ["opened", "peak"] }));
    expect(found).toEqual({ x: ["a", "b"], series: [{ key: "opened", values: [1, null] }, { key: "peak", values: [2, 3] }] });
  });

  it("makes a line of each district, and of the first five alone", () => {
    const rows = ["a", "b", "c", "d", "e", "f"].flatMap((name) => [[name, 1, 0.5], [name, 2, name === "b" ? null : 1]]);
    const found = plotted(table("x", ["district", "begin", "coverage"], rows), drawn({ series: ["coverage"], by: "district" }));
    expect(found.x).toEqual([1, 2]);
    expect(found.series.map((one) => one.key)).toEqual(["a", "b", "c", "d", "e"]);
    expect(found.series[1]?.values).toEqual([0.5, null]);
  });

  it("is empty where there is nothing but nought", () => {
    const of = (value: number | null): boolean => isEmpty({ x: [1], series: [{ key: "a", values: [value] }] });
    expect([of(null), of(0), of(1)]).toEqual([true, true, false]);
  });

  it("has round ticks from nought up, whole ones for counts, and all of a share", () => {
    expect(axis([7], "count", 100).ticks).toEqual([0, 2, 4, 6, 8]);
    expect(axis([1], "count", 100).ticks).toEqual([0, 1]);
    expect(axis([null, 1, 4], "count", 100).ticks, "a limit among them").toEqual([0, 1, 2, 3, 4]);
    const share = axis([0.9], "share", 100);
    expect([share.ticks.at(-1), share.at(0), share.at(1)]).toEqual([1, 100, 0]);
  });

  it("labels so many points as fit", () => {
    expect([...labelled(10, 4)]).toEqual([0, 3, 6, 9]);
    expect([...labelled(3, 9)]).toEqual([0, 1, 2]);
  });

  it("tells days from hours, however short the first one was cut", () => {
    const from = (...times: string[]): string[] => times.map((time) => `2026-11-${time}:00Z`);
    expect(isDaily(from("20T23:30", "21T00:00", "22T00:00", "23T00:00", "24T00:00"))).toBe(true);
    expect(isDaily(from("20T12:00", "21T00:00", "22T00:00", "23T00:00"))).toBe(true);
    expect(isDaily(from("20T23:30", "21T00:00", "21T01:00", "21T03:00"))).toBe(false);
    expect(isDaily(from("20T12:00"))).toBe(false);
  });

  it("lifts its pen over a gap", () => {
    expect(path([[0, 1], [1, 2], null, [3, 4]])).toBe("M0.0 1.0L1.0 2.0M3.0 4.0");
  });
});

describe("a report", () => {
  it("is asked for by the name of a range or from one moment to another", () => {
    expect(reportPath("shift", { period: "today" })).toBe("/api/v1/reports/shift?period=today");
    expect(reportPath("response", { from: 0, to: 1000 }, { format: "csv" })).toBe(
      "/api/v1/reports/response?from=1970-01-01T00%3A00%3A00.000Z&to=1970-01-01T00%3A00%3A01.000Z&format=csv",
    );
  });

  it("gives wide tables the whole width, unless they are drawn", () => {
    const keys = [..."abcdefghij"];
    const wide = table("x", keys, []);
    expect([isWide(wide), isWide({ ...wide, plot: drawn({}) }), isWide(table("x", ["a"], []))]).toEqual([true, false, false]);
  });
});

it("an address names its view; any other is the desk's", () => {
  expect(["#/reports", "#/audit", "#/incident/1", "", "#/reportsx", "#/"].map(viewOf)).toEqual(["reports", "audit", "desk", "desk", "desk", "desk"]);
});
