import { describe, expect, it } from "vitest";
import { arrangeLines, sumsUp, type Line } from "../src/lib/lines";
import { EMPTY } from "../src/lib/store";
import type { DeskState } from "../src/lib/types";
import { incident } from "./helpers";

const NONE: ReadonlySet<string> = new Set();
const said = (lines: readonly Line[]): string[] => lines.map((line) => ("incident" in line ? line.id : `${line.id} ${line.summary.incidents.length}`));

describe("the lines of the list", () => {
  it("sums up what is only suspected, unless it is grave and nothing speaks against it", () => {
    const rows = [
      incident({ id: "a", severity: "critical", state: "suspected" }),
      incident({ id: "b", severity: "critical", state: "suspected", doubts: ["verdicts"], kind: "brawl" }),
      incident({ id: "c" }),
      incident({ id: "d", state: "suspected" }),
      incident({ id: "e", state: "suspected" }),
    ];
    expect(said(arrangeLines(rows, EMPTY.desk, NONE, null))).toEqual(["a", "c", "sum/quiet/senen/intrusion 2", "sum/quiet/senen/brawl 1"]);
  });

  it("sums up the alarms that the aggregator names, as long as they are open, and opens what is expanded", () => {
    const desk: DeskState = { ...EMPTY.desk, summaries: [{ site: "monas", kind: "crowd", alarm: true, incidents: ["a", "b"] }] };
    const rows = [incident({ id: "a", kind: "crowd" }), incident({ id: "b", kind: "crowd" }), incident({ id: "c", kind: "crowd" })];
    const id = "sum/alarm/monas/crowd";
    expect(said(arrangeLines(rows, desk, NONE, null))).toEqual(["c", `${id} 2`]);
    expect(said(arrangeLines(rows, desk, new Set([id]), null))).toEqual(["c", `${id} 2`, "a", "b"]);
    const handled = rows.map((row) => ({ ...row, state: "acknowledged" as const }));
    expect(said(arrangeLines(handled, desk, NONE, null))).toEqual(["a", "b", "c"]);
  });

  it("are said to sum up alarms only where some do, however high the load is", () => {
    const over = { ...EMPTY.desk.load, over: true };
    const suspected = { site: "monas", kind: "crowd", alarm: false, incidents: ["a", "b"] };
    expect(sumsUp({ load: over, summaries: [] })).toBe(false);
    expect(sumsUp({ load: over, summaries: [suspected] })).toBe(false);
    expect(sumsUp({ load: over, summaries: [suspected, { ...suspected, alarm: true }] })).toBe(true);
  });

  it("never takes away the line that the operator looks at", () => {
    const rows = [incident({ id: "a", state: "suspected" })];
    expect(said(arrangeLines(rows, EMPTY.desk, NONE, "a"))).toEqual(["a"]);
  });

  it("loses nothing", () => {
    const rows = Array.from({ length: 40 }, (_, n) => incident({ id: `${n}`, state: n % 3 ? "suspected" : "open", kind: `kind-${n % 5}`, severity: n % 4 ? "minor" : "major" }));
    const lines = arrangeLines(rows, EMPTY.desk, NONE, null);
    const held = lines.flatMap((line) => ("incident" in line ? [line.id] : line.summary.incidents.map((one) => one.id)));
    expect(held.sort()).toEqual(rows.map((row) => row.id).sort());
  });
});
