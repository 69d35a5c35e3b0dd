import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SETTLED_MS } from "../src/lib/escalation";
import { EMPTY } from "../src/lib/store";
import type { DeskState, Incident } from "../src/lib/types";
import { incident } from "./helpers";

vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => undefined }));
const { attention } = await import("../src/lib/attention.svelte");
const { desk } = await import("../src/lib/desk.svelte");
const { sound } = await import("../src/lib/sound.svelte");

const LOADED: DeskState = { load: { opened: 4, per_operator: 4, budget: 1, over: true }, summaries: [] };
const minor = incident({ id: "minor" });

describe("a minor incident above the load", () => {
  const heard: string[] = [];
  let end: () => void;
  let came = 0;

  function shown(one: Incident, state: DeskState): void {
    desk.world = { ...EMPTY, incidents: new Map([[one.id, one]]), desk: state, loaded: true };
  }

  beforeEach(() => {
    heard.length = 0;
    vi.spyOn(sound, "start").mockReturnValue(() => undefined);
    vi.spyOn(sound, "play").mockImplementation((severity) => heard.push(severity) > 0);
    came += 100_000; // what was heard in the test before is not in the ear any more
    desk.now = came;
    end = attention.start();
    shown(minor, LOADED);
    desk.onArrivals([minor]);
    desk.now = came + SETTLED_MS - 1;
    attention.remind();
    expect(heard).toEqual([]);
    desk.now = came + SETTLED_MS;
  });

  afterEach(() => {
    attention.remind();
    end();
    vi.restoreAllMocks();
  });

  it("is heard once the server has left it a line of its own", () => {
    attention.remind();
    attention.remind();
    expect(heard).toEqual(["minor"]);
  });

  it("is not heard where it was summed up, or somebody has it by then", () => {
    shown(minor, { ...LOADED, summaries: [{ site: "senen", kind: "crowd", alarm: true, incidents: ["minor"] }] });
    attention.remind();
    expect(heard).toEqual([]);
    desk.onArrivals([minor]);
    desk.now = came + 3 * SETTLED_MS;
    shown({ ...minor, state: "acknowledged" }, LOADED);
    attention.remind();
    expect(heard).toEqual([]);
  });
});
