import { describe, expect, it } from "vitest";
import { arrivalSound, GAP_MS, pressing, reminder, SILENT, unsettled, type Pressing, type Rhythm } from "../src/lib/escalation";
import { due, timer } from "../src/lib/response";
import { EMPTY } from "../src/lib/store";
import { TONES } from "../src/lib/tones";
import { SEVERITIES, type DeskState, type Incident } from "../src/lib/types";
import { incident, TARGETS } from "./helpers";

const SHOWN = Date.parse("2026-11-23T06:00:00.000Z");
const after = (seconds: number): number => SHOWN + seconds * 1000;
const critical = (change: Partial<Incident> = {}): Incident => incident({ id: "critical", severity: "critical", ...change });

describe("a timer", () => {
  it("counts down to the acknowledgement, then beyond it", () => {
    expect(timer(critical(), TARGETS, after(20))).toMatchObject({ step: "acknowledge", overdue: false, seconds: 40 });
    expect(timer(critical(), TARGETS, after(60))).toMatchObject({ overdue: false, seconds: 0 });
    expect(timer(critical(), TARGETS, after(95))).toMatchObject({ overdue: true, seconds: 35 });
  });

  it("counts to the resolution once somebody has it in hand, and stops when it is closed", () => {
    expect(due(critical({ state: "dispatched" }), TARGETS)).toEqual({ step: "resolve", at: after(1800) });
    for (const change of [{ state: "resolved" }, { merged_into: "other" }, { state: "suspected", opened: null }] as const) {
      expect(due(critical(change), TARGETS)).toBeNull();
    }
  });

  it("is none before the server has said how long anything may take", () => {
    expect(timer(critical(), EMPTY.response, after(9e5))).toBeNull();
  });
});

describe("what presses", () => {
  const desk = (summed: string[] = [], over = false): DeskState => ({
    load: { opened: 0, per_operator: 0, budget: 1, over },
    summaries: summed.length === 0 ? [] : [{ site: "senen", kind: "crowd", alarm: true, incidents: summed }],
  });
  const at = (seconds: number, list: Incident[], state = desk()): string[] => pressing(list, state, TARGETS, after(seconds)).map((one) => one.incident.id);

  it("is everything critical at once, and what is major when it is overdue, the most urgent first", () => {
    const list = [incident({ id: "major", severity: "major" }), critical(), incident({ id: "minor" })];
    expect(at(0, list)).toEqual(["critical"]);
    expect(at(179, list)).toEqual(["critical"]);
    expect(at(181, list)).toEqual(["critical", "major"]);
    expect(at(1e6, list)).toEqual(["critical", "major"]);
  });

  it("is nothing that somebody has, that came late, that is only suspected and doubted, or that was summed up", () => {
    const list = [
      critical({ id: "a", state: "acknowledged" }),
      critical({ id: "b", delayed: true }),
      critical({ id: "c", state: "suspected", opened: null, doubts: ["verdicts"] }),
      incident({ id: "d", severity: "major" }),
      critical({ id: "e", merged_into: "x" }),
    ];
    expect(at(1e6, list, desk(["d"]))).toEqual([]);
  });

  it("is heard when it comes: the gravest of a burst, and none while the same sound is in the ear", () => {
    const fresh = [incident({ id: "minor" }), critical()];
    expect(arrivalSound(fresh, desk(), null, 0)).toBe("critical");
    expect(arrivalSound([incident({ id: "minor" })], desk(), { severity: "minor", at: 0 }, GAP_MS - 1)).toBeNull();
    expect(arrivalSound(fresh, desk(), { severity: "minor", at: 0 }, 10)).toBe("critical");
    expect(arrivalSound([incident({ id: "minor" })], desk(), { severity: "critical", at: 0 }, GAP_MS)).toBe("minor");
    expect(arrivalSound([], desk(), null, 0)).toBeNull();
  });

  it("makes no sound behind a summary line, and one above the load where it has a line of its own", () => {
    expect(arrivalSound([incident({ id: "minor" })], desk(["minor"]), null, 0)).toBeNull();
    expect(arrivalSound([incident({ id: "minor" })], desk([], true), null, 0)).toBe("minor");
    expect(arrivalSound([incident({ id: "major", severity: "major" })], desk([], true), null, 0)).toBe("major");
  });

  it("waits above the load until the server has said whether a minor one is summed up", () => {
    const fresh = [incident({ id: "minor" }), incident({ id: "info", severity: "info" }), incident({ id: "major", severity: "major" })];
    expect(unsettled(fresh, desk())).toEqual([]);
    expect(unsettled(fresh, desk([], true)).map((one) => one.id)).toEqual(["minor", "info"]);
  });
});

describe("a reminder", () => {
  const overdue = (id: string, severity: Incident["severity"] = "critical"): Pressing => ({
    incident: incident({ id, severity }),
    timer: { step: "acknowledge", at: 0, overdue: true, seconds: 1 },
  });

  /** When it is heard within so many seconds, of what presses at each. */
  function heard(seconds: number, found: (second: number) => Pressing[]): number[] {
    const times: number[] = [];
    let rhythm: Rhythm = SILENT;
    for (let second = 0; second <= seconds; second++) {
      const next = reminder(found(second), rhythm, second * 1000);
      rhythm = next.rhythm;
      if (next.severity !== null) times.push(second);
    }
    return times;
  }

  it("comes when the target is missed, then every 20 s, then ever more rarely", () => {
    const times = heard(1200, () => [overdue("a")]);
    expect(times.slice(0, 9)).toEqual([0, 20, 40, 60, 80, 100, 140, 220, 340]);
    const gaps = times.slice(1).map((time, n) => time - times[n]!);
    expect(Math.max(...gaps)).toBe(120);
  });

  it("is rarer for what is major, and none where there is still time", () => {
    expect(heard(130, () => [overdue("a", "major")])).toEqual([0, 60, 120]);
    expect(heard(100, () => [{ ...overdue("a"), timer: null }])).toEqual([]);
  });

  it("begins anew for another one that is overdue, but is never heard sooner than its gap", () => {
    const times = heard(400, (second) => (second < 205 ? [overdue("a")] : [overdue("a"), overdue("b")]));
    expect(times.slice(0, 11)).toEqual([0, 20, 40, 60, 80, 100, 140, 205, 225, 245, 265]);
    expect(heard(60, (second) => [overdue(`id-${second}`)])).toEqual([0, 20, 40, 60]);
  });

  it("ends with what it reminds of", () => {
    expect(heard(100, (second) => (second < 30 ? [overdue("a")] : []))).toEqual([0, 20]);
  });
});

describe("the sounds", () => {
  it("differ, are short, and the graver is the louder and the longer", () => {
    const lengths = SEVERITIES.map((severity) => Math.max(...TONES[severity].map((tone) => tone.at + tone.seconds)));
    const loudest = SEVERITIES.map((severity) => Math.max(...TONES[severity].map((tone) => tone.loudness)));
    expect(lengths).toEqual([...lengths].sort((a, b) => b - a));
    expect(loudest).toEqual([...loudest].sort((a, b) => b - a));
    expect(new Set(SEVERITIES.map((severity) => JSON.stringify(TONES[severity]))).size).toBe(4);
    expect(Math.max(...lengths)).toBeLessThan(1.5);
    expect(Math.max(...loudest)).toBeLessThanOrEqual(1);
  });
});
