import { describe, expect, it } from "vitest";
import { arrange, compareCameras, countViews } from "../src/lib/order";
import { camera, incident } from "./helpers";

const at = (minute: number): string => `2026-11-23T06:${String(minute).padStart(2, "0")}:00.000Z`;
const ids = (list: { id: string }[]): string[] => list.map((one) => one.id);

describe("the list's order", () => {
  const everything = [
    incident({ id: "closed-critical", severity: "critical", state: "resolved", started: at(50) }),
    incident({ id: "closed-later", severity: "info", state: "false_alarm", started: at(51) }),
    incident({ id: "in-hand", severity: "critical", state: "dispatched", started: at(40) }),
    incident({ id: "minor-new", severity: "minor", started: at(30) }),
    incident({ id: "minor-old", severity: "minor", started: at(10), state: "suspected" }),
    incident({ id: "critical-old", severity: "critical", started: at(1) }),
    incident({ id: "backlog", severity: "critical", started: at(2), delayed: true }),
  ];

  it("puts first what needs action, the worst first, then the newest; a backlog behind it; history by time", () => {
    expect(ids(arrange(everything, { view: "all", kind: "" }))).toEqual([
      "critical-old",
      "minor-new",
      "minor-old",
      "backlog",
      "in-hand",
      "closed-later",
      "closed-critical",
    ]);
  });

  it("is the same whatever order the incidents came in", () => {
    const forwards = ids(arrange(everything, { view: "all", kind: "" }));
    expect(ids(arrange([...everything].reverse(), { view: "all", kind: "" }))).toEqual(forwards);
  });

  it("is total for incidents that began at once", () => {
    const twins = [incident({ id: "a" }), incident({ id: "b" })];
    expect(ids(arrange(twins, { view: "all", kind: "" }))).toEqual(ids(arrange([...twins].reverse(), { view: "all", kind: "" })));
  });
});

describe("the filters", () => {
  const mixed = [
    incident({ id: "a", state: "suspected" }),
    incident({ id: "b", state: "open", kind: "crowd" }),
    incident({ id: "c", state: "acknowledged" }),
    incident({ id: "d", state: "dispatched" }),
    incident({ id: "e", state: "resolved" }),
    incident({ id: "f", state: "false_alarm" }),
    incident({ id: "g", state: "resolved", merged_into: "a" }),
  ];

  it("split the states into four views and leave out what was merged", () => {
    expect(countViews(mixed)).toEqual({ action: 2, handling: 2, closed: 2, all: 6 });
    expect(ids(arrange(mixed, { view: "handling", kind: "" })).sort()).toEqual(["c", "d"]);
    expect(ids(arrange(mixed, { view: "closed", kind: "" })).sort()).toEqual(["e", "f"]);
  });

  it("keep one kind", () => {
    expect(ids(arrange(mixed, { view: "all", kind: "crowd" }))).toEqual(["b"]);
  });
});

describe("the cameras' order", () => {
  it("shows first what does not watch, then by place, whether quiet or not", () => {
    const cameras = [
      camera({ id: "b", state: "online" }),
      camera({ id: "a", state: "idle" }),
      camera({ id: "d", state: "stalled" }),
      camera({ id: "c", state: "offline" }),
    ];
    expect(ids(cameras.sort(compareCameras))).toEqual(["c", "d", "a", "b"]);
  });
});
