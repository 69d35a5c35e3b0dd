import { describe, expect, it } from "vitest";
import { busyHosts } from "../src/lib/hosts";
import { camera } from "./helpers";

const why = { key: "camera.rarely", values: { rate: 0.2, rules: "crowd" } };

describe("hosts without enough time", () => {
  it("are named once, with those of their cameras that suffer and how many they have", () => {
    const hosts = busyHosts([
      camera({ id: "b", why }),
      camera({ id: "a", why, state: "idle" }),
      camera({ id: "c" }),
      camera({ id: "d", why, agent: "edge-2" }),
      camera({ id: "e", why, site: "monas" }),
      camera({ id: "f", agent: "edge-3" }),
    ]);
    const told = hosts.map((host) => [host.site, host.agent, host.rare.map((one) => one.id), host.of]);
    expect(told).toEqual([
      ["senen", "edge-1", ["a", "b"], 3],
      ["monas", "edge-1", ["e"], 1],
      ["senen", "edge-2", ["d"], 1],
    ]);
  });

  it("are none where a camera is away for another reason", () => {
    expect(busyHosts([camera({ id: "a", why, state: "offline" }), camera({ id: "b", state: "stalled" })])).toEqual([]);
  });
});
