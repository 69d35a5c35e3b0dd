import { describe, expect, it } from "vitest";
import { hinderingHosts } from "../src/lib/hosts";
import { camera } from "./helpers";

const why = { key: "camera.rarely", values: { rate: 0.2, rules: "crowd" } };
const disk = { key: "camera.disk", values: {} };
const clock = { key: "camera.clock", values: { off_s: 86_400 } };

describe("hosts that hinder their cameras", () => {
  it("are named once for each reason, those where nothing rings first, with the cameras that suffer and how many they have", () => {
    const hosts = hinderingHosts([
      camera({ id: "b", why }),
      camera({ id: "a", why, state: "idle" }),
      camera({ id: "c" }),
      camera({ id: "d", why, agent: "edge-2" }),
      camera({ id: "e", why, site: "monas" }),
      camera({ id: "f", agent: "edge-3" }),
      camera({ id: "h", why: disk, agent: "edge-5" }),
      camera({ id: "g", why: clock, agent: "edge-4" }),
    ]);
    const told = hosts.map((host) => [host.by, host.site, host.agent, host.cameras.map((one) => one.id), host.of]);
    expect(told).toEqual([
      ["clock", "senen", "edge-4", ["g"], 1],
      ["disk", "senen", "edge-5", ["h"], 1],
      ["rarely", "senen", "edge-1", ["a", "b"], 3],
      ["rarely", "monas", "edge-1", ["e"], 1],
      ["rarely", "senen", "edge-2", ["d"], 1],
    ]);
  });

  it("are none where a camera is away for another reason", () => {
    expect(hinderingHosts([camera({ id: "a", why, state: "offline" }), camera({ id: "b", state: "stalled" })])).toEqual([]);
  });
});
