import { describe, expect, it } from "vitest";
import { compareCameras, compareIncidents } from "../src/lib/order";
import { camera, incident } from "./helpers";

const at = (minute: number): string => `2026-11-23T06:${String(minute).padStart(2, "0")}:00.000Z`;
const ids = (list: { id: string }[]): string[] => list.map((one) => one.id);

describe("the queue's order", () => {
  const everything = [
    incident({ id: "closed-critical", severity: "critical", state: "resolved", started: at(50) }),
    incident({ id: "closed-later", severity: "info", state: "false_alarm", started: at(51) }),
    incident({ id: "in-hand", severity: "critical", state: "dispatched", opened: at(40) }),
    incident({ id: "in-hand-longer", severity: "critical", state: "acknowledged", opened: at(20) }),
    incident({ id: "minor-new", opened: at(30) }),
    incident({ id: "minor-old", opened: at(10) }),
    incident({ id: "minor-surer", opened: at(31), confidence: 0.93 }),
    incident({ id: "minor-guess", state: "suspected", opened: null, started: at(1), confidence: 0.99 }),
    incident({ id: "minor-guess-later", state: "suspected", opened: null, started: at(2), confidence: 0.99 }),
    incident({ id: "critical-unsure", severity: "critical", opened: at(1), confidence: 0.5 }),
    incident({ id: "doubted", severity: "critical", state: "suspected", opened: null, doubts: ["verdicts"] }),
    incident({ id: "backlog", severity: "critical", opened: at(2), delayed: true }),
  ];
  const wanted = [
    "critical-unsure",
    "minor-surer",
    "minor-old",
    "minor-new",
    "minor-guess-later",
    "minor-guess",
    "doubted",
    "backlog",
    "in-hand-longer",
    "in-hand",
    "closed-later",
    "closed-critical",
  ];

  it("is stage, late or doubted, severity, state, confidence, then who has waited longest; history by time", () => {
    expect(ids([...everything].sort(compareIncidents))).toEqual(wanted);
  });

  it("is the same whatever order the incidents came in", () => {
    expect(ids([...everything].reverse().sort(compareIncidents))).toEqual(wanted);
  });

  it("moves no row for a hundredth of confidence", () => {
    const pair = [incident({ id: "a", opened: at(1), confidence: 0.81 }), incident({ id: "b", opened: at(2), confidence: 0.84 })];
    expect(ids(pair.sort(compareIncidents))).toEqual(["a", "b"]);
  });

  it("is total for incidents that began at once", () => {
    const twins = [incident({ id: "a" }), incident({ id: "b" })];
    expect(ids([...twins].sort(compareIncidents))).toEqual(ids([...twins].reverse().sort(compareIncidents)));
  });
});

describe("the cameras' order", () => {
  it("shows first what does not watch, then what watches too rarely, then by place, whether quiet or not", () => {
    const rarely = { key: "camera.rarely", values: { rate: 0.2, rules: "crowd" } };
    const cameras = [
      camera({ id: "b", state: "online" }),
      camera({ id: "a", state: "idle" }),
      camera({ id: "d", state: "stalled" }),
      camera({ id: "c", state: "offline" }),
      camera({ id: "e", state: "online", why: rarely }),
    ];
    expect(ids(cameras.sort(compareCameras))).toEqual(["c", "d", "e", "a", "b"]);
  });
});
