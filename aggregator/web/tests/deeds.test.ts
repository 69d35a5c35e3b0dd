import { describe, expect, it } from "vitest";
import { DEEDS } from "../src/lib/actions";
import { episodesOf, foreseen, hindrance, stillsOf, undoable } from "../src/lib/deeds";
import type { Act, IncidentDetail, LinkedEvent } from "../src/lib/types";
import { incident } from "./helpers";

const NOW = Date.parse("2026-11-23T06:01:00Z");
const one = incident({ id: "a" });
const act = (change: Partial<Act> = {}): Act => ({
  number: 1,
  action: "take",
  actor: "budi",
  time: "2026-11-23T06:00:30Z",
  to: "acknowledged",
  detail: "",
  undo_until: "2026-11-23T06:01:30Z",
  ...change,
});

function event(id: string, camera: string, episode: string, time: string, sha256 = ""): LinkedEvent {
  return {
    link: null,
    event: {
      id,
      source: `/senen/edge/${camera}`,
      type: "jaga.brawl.begin",
      time,
      sequence: "1",
      data: {
        camera,
        site: "senen",
        kind: "brawl",
        phase: "begin",
        episode,
        started: time,
        confidence: 0.8,
        severity: "critical",
        why: { rule: "r", measures: [], model: "", config_hash: "" },
        evidence: sha256 === "" ? [] : [{ sha256, kind: "snapshot", time }],
        clock: { offset_ms: 0, synchronised: true },
      },
    },
  };
}

describe("what is shown until the server answers", () => {
  it("is what the server will most likely say", () => {
    expect(foreseen(one, { path: "transition", body: { to: "acknowledged" } }, "budi")).toMatchObject({ state: "acknowledged", allowed: ["dispatched", "resolved", "false_alarm"] });
    expect(foreseen(one, { path: "transition", body: { to: "resolved" } }, "budi")).toMatchObject({ state: "resolved", allowed: [] });
    expect(foreseen(one, { path: "take", body: {} }, "budi")).toMatchObject({ state: "acknowledged", owner: "budi" });
    expect(foreseen(one, { path: "assign", body: { to: "sari" } }, "budi")).toMatchObject({ state: "open", owner: "sari", handed_by: "budi" });
    const set = { ...one, severity: "info", told_severity: "critical" } as const;
    expect(foreseen(set, { path: "severity", body: { severity: null } }, "budi").severity).toBe("critical");
  });

  it("is the same object where nothing can be foreseen, and keeps the revision: whatever the server says is newer", () => {
    for (const path of ["note", "merge", "split", "undo"] as const) expect(foreseen(one, { path, body: {} }, "budi")).toBe(one);
    expect(foreseen(one, { path: "take", body: {} }, "budi").revision).toBe(one.revision);
  });

  it("takes over what was handed over by whatever its owner does", () => {
    const handed = { ...one, owner: "budi", handed_by: "sari" };
    expect(foreseen(handed, { path: "transition", body: { to: "acknowledged" } }, "budi").handed_by).toBeNull();
    expect(foreseen(handed, { path: "transition", body: { to: "acknowledged" } }, "dewi").handed_by).toBe("sari");
  });
});

describe("what can be done", () => {
  it("to a closed incident: a note, nothing else that concerns it", () => {
    const closed = { ...one, state: "resolved", allowed: [] } as const;
    const free = DEEDS.filter((deed) => hindrance(deed.name, { ...closed, allowed: [] }, "budi", NOW) === null).map((deed) => deed.name);
    expect(free).toEqual(["note", "silence", "handover"]);
  });

  it("needs something to be done to", () => {
    expect(hindrance("release", one, "budi", NOW)).toBe("nobodys");
    expect(hindrance("split", one, "budi", NOW)).toBe("only_one");
    expect(hindrance("take", { ...one, state: "acknowledged", owner: "budi" }, "budi", NOW)).toBe("yours");
    expect(hindrance("take", { ...one, state: "acknowledged", owner: "budi", handed_by: "sari" }, "budi", NOW)).toBeNull();
    expect(hindrance("note", { ...one, merged_into: "b" }, "budi", NOW)).toBe("merged");
  });

  it("is undone by who did it, until then", () => {
    const done = { ...one, last_act: act() };
    expect(undoable(done, "budi", NOW)).toEqual(act());
    expect(undoable(done, "sari", NOW)).toBeNull();
    expect(undoable(done, "budi", NOW + 31_000)).toBeNull();
    expect(undoable({ ...one, last_act: act({ undo_until: null }) }, "budi", NOW)).toBeNull();
  });
});

describe("what an incident is made of", () => {
  const events = [
    event("1", "gate", "x", "2026-11-23T06:00:00Z", "a1"),
    event("2", "bridge", "y", "2026-11-23T06:00:05Z", "b1"),
    event("3", "gate", "x", "2026-11-23T06:00:09Z", "a0"),
    event("4", "gate", "x", "2026-11-23T06:00:12Z", "a1"),
  ];

  it("is told by episode, each named by its first event", () => {
    const detail = { ...one, events, changes: [], suppressed: {} } as IncidentDetail;
    expect(episodesOf(detail).map(({ event: id, camera, count }) => [id, camera, count])).toEqual([["1", "gate", 3], ["2", "bridge", 1]]);
  });

  it("shows each still once, by camera and in order of time", () => {
    const stills = [...stillsOf([...events].reverse())].map(([source, own]) => [source, own.map((still) => still.sha256)]);
    expect(stills).toEqual([["senen/gate", ["a1", "a0"]], ["senen/bridge", ["b1"]]]);
  });
});
