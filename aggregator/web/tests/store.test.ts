import { describe, expect, it } from "vitest";
import { applyDeltas, arrivals, EMPTY, fromSnapshot, isHampered, isWatching, KEPT_CLOSED } from "../src/lib/store";
import { CAMERA_STATES } from "../src/lib/types";
import { camera, incident, snapshot } from "./helpers";

const TIME = "2026-11-23T06:00:00.000Z";

describe("the world", () => {
  it("is replaced whole by a snapshot", () => {
    const before = fromSnapshot(snapshot({ incidents: [incident({ id: "gone" })], cameras: [camera({ id: "old" })] }));
    const after = fromSnapshot(snapshot({ incidents: [incident({ id: "new" })] }));
    expect([...before.incidents.keys()]).toEqual(["gone"]);
    expect([...after.incidents.keys()]).toEqual(["new"]);
    expect(after.cameras.size).toBe(0);
    expect([EMPTY.loaded, after.loaded]).toEqual([false, true]);
  });

  it("takes a delta without touching the world it came from", () => {
    const before = fromSnapshot(snapshot({ incidents: [incident({ id: "a" })] }));
    const after = applyDeltas(before, [{ type: "incident", value: incident({ id: "a", state: "acknowledged", revision: 2 }) }]);
    expect(before.incidents.get("a")?.state).toBe("open");
    expect(after.incidents.get("a")?.state).toBe("acknowledged");
  });

  it("ignores a delta that is older than what it holds", () => {
    const world = fromSnapshot(snapshot({ incidents: [incident({ id: "a", revision: 5, state: "resolved" })] }));
    const after = applyDeltas(world, [{ type: "incident", value: incident({ id: "a", revision: 4, state: "open" }) }]);
    expect(after.incidents.get("a")?.state).toBe("resolved");
  });

  it("lets go of what is gone, unless it came back since", () => {
    const before = fromSnapshot(snapshot({ incidents: [incident({ id: "a", revision: 3 }), incident({ id: "b" })] }));
    const gone = (revision: number) => ({ type: "gone", value: { incidents: { a: revision } } }) as const;
    const back = { type: "incident", value: incident({ id: "a", revision: 5 }) } as const;
    expect([...applyDeltas(before, [gone(4)]).incidents.keys()]).toEqual(["b"]);
    expect([...applyDeltas(before, [gone(4), back]).incidents.keys()].sort()).toEqual(["a", "b"]);
    expect([...applyDeltas(before, [back, gone(4)]).incidents.keys()].sort()).toEqual(["a", "b"]);
    expect(applyDeltas(before, [gone(2)]).incidents).toBe(before.incidents);
  });

  it("leaves alone what no delta concerns", () => {
    const before = fromSnapshot(snapshot({ incidents: [incident({ id: "a" })], cameras: [camera({ id: "gate" })] }));
    const after = applyDeltas(before, [{ type: "camera", value: camera({ id: "gate", state: "failed" }) }]);
    expect(after.incidents).toBe(before.incidents);
    expect(after.cameras).not.toBe(before.cameras);
    const stale = applyDeltas(before, [{ type: "incident", value: incident({ id: "a", revision: 0 }) }]);
    expect(stale.incidents).toBe(before.incidents);
  });

  it("keeps cameras of the same name at two sites apart", () => {
    const world = applyDeltas(EMPTY, [
      { type: "camera", value: camera({ id: "gate", site: "senen" }) },
      { type: "camera", value: camera({ id: "gate", site: "kota", state: "failed" }) },
    ]);
    expect([...world.cameras.keys()].sort()).toEqual(["kota/gate", "senen/gate"]);
  });

  it("forgets the oldest closed incidents, and never an open one", () => {
    const closed = Array.from({ length: KEPT_CLOSED * 2 }, (_, n) =>
      incident({ id: `closed-${n}`, state: "resolved", updated: new Date(Date.parse(TIME) + n * 1000).toISOString() }),
    );
    const open = incident({ id: "open", updated: "2020-01-01T00:00:00.000Z" });
    const world = applyDeltas(fromSnapshot(snapshot({ incidents: closed })), [{ type: "incident", value: open }]);
    expect(world.incidents.size).toBe(KEPT_CLOSED + 1);
    expect(world.incidents.has("open")).toBe(true);
    expect(world.incidents.has("closed-0")).toBe(false);
    expect(world.incidents.has(`closed-${KEPT_CLOSED * 2 - 1}`)).toBe(true);
  });
});

describe("what is announced", () => {
  it("is what is new, needs an operator and happened now", () => {
    const before = fromSnapshot(snapshot({ incidents: [incident({ id: "known" }), incident({ id: "was-guess", state: "suspected" })] }));
    const after = applyDeltas(before, [
      { type: "incident", value: incident({ id: "known", revision: 2 }) },
      { type: "incident", value: incident({ id: "fresh" }) },
      { type: "incident", value: incident({ id: "closed", state: "resolved" }) },
      { type: "incident", value: incident({ id: "backlog", delayed: true }) },
      { type: "incident", value: incident({ id: "guess", state: "suspected" }) },
      { type: "incident", value: incident({ id: "was-guess" }) },
    ]);
    expect(arrivals(before, after).map((one) => one.id)).toEqual(["was-guess", "fresh"]);
  });
});

describe("a camera", () => {
  it("watches only while its pictures are analysed", () => {
    const watching = CAMERA_STATES.filter((state) => isWatching(camera({ id: "a", state })));
    expect(watching.sort()).toEqual(["idle", "online"]);
  });

  it("is hampered where it watches more rarely than its rules need", () => {
    const why = { key: "camera.rarely", values: { rate: 0.2, rules: "crowd-jalan" } };
    const hampered = CAMERA_STATES.filter((state) => isHampered(camera({ id: "a", state, why })));
    expect(hampered.sort()).toEqual(["idle", "online"]);
    expect(isHampered(camera({ id: "a", why: { key: "camera.still", values: {} } }))).toBe(false);
    expect(isHampered(camera({ id: "a" }))).toBe(false);
  });
});
