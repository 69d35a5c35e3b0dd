import { describe, expect, it } from "vitest";
import { deskKey } from "../src/lib/keys";
import { GRACE_MS } from "../src/lib/link";
import { missed } from "../src/lib/missed";
import { applyDeltas, EMPTY, fromSnapshot } from "../src/lib/store";
import { camera, incident, snapshot } from "./helpers";

const before = fromSnapshot(
  snapshot({
    incidents: [incident({ id: "same" }), incident({ id: "changed" }), incident({ id: "closed" })],
    cameras: [camera({ id: "gate" }), camera({ id: "unwatched", state: "offline" })],
  }),
);
const after = applyDeltas(before, [
  { type: "incident", value: incident({ id: "changed", revision: 2, confidence: 0.9 }) },
  { type: "incident", value: incident({ id: "closed", revision: 2, state: "resolved" }) },
  { type: "incident", value: incident({ id: "fresh", severity: "critical" }) },
  { type: "incident", value: incident({ id: "fresh-and-over", state: "resolved" }) },
  { type: "camera", value: camera({ id: "gate", state: "stalled" }) },
]);

describe("what was missed", () => {
  it("is counted: changes, of them new and closed ones, and cameras that stopped watching", () => {
    expect(missed(before, after, 40_000, false)).toMatchObject({ awaySeconds: 40, anew: false, changes: 4, fresh: 2, closed: 1, stopped: 1 });
    expect(missed(before, after, 40_000, false)?.waiting.map((one) => one.id)).toEqual(["fresh"]);
  });

  it("is told by comparing where everything was sent anew, without what was over long ago", () => {
    const anew = fromSnapshot(snapshot({ incidents: [...after.incidents.values(), incident({ id: "old", state: "resolved" })] }));
    expect(missed(before, anew, 5000, true)).toMatchObject({ anew: true, changes: 3, fresh: 1, closed: 1, stopped: 0 });
  });

  it("is worth a word where nothing happened in a longer break, and none after a moment", () => {
    expect(missed(before, before, GRACE_MS, false)).toMatchObject({ changes: 0, fresh: 0 });
    expect(missed(before, before, GRACE_MS - 1, false)).toBeNull();
    expect(missed(before, after, 10, false)?.changes).toBe(4);
  });

  it("is nothing where nothing was known before", () => {
    expect(missed(EMPTY, after, 60_000, true)).toBeNull();
  });
});

describe("the desk's own keys", () => {
  const press = { key: "/", repeat: false, modified: false, typing: false, onControl: false, ownArrows: false, confirming: false };

  it("look for words, views and what presses, unless something else is typed into", () => {
    expect(["/", "v", "g", "x"].map((key) => deskKey({ ...press, key }))).toEqual(["search", "views", "jump", null]);
    for (const held of [{ typing: true }, { modified: true }, { confirming: true }, { repeat: true }]) expect(deskKey({ ...press, ...held })).toBeNull();
  });
});
