import { describe, expect, it } from "vitest";
import { dataAge, GRACE_MS, LATE_MS, linkPhase, LOST_MS, retryDelay } from "../src/lib/link";

const up = { startedAt: 0, heardAt: 10_000, downSince: null };

describe("whether the screen can be believed", () => {
  it("is live while heartbeats come, late after one is missed, lost after two", () => {
    expect(linkPhase(up, 10_000 + LATE_MS)).toBe("live");
    expect(linkPhase(up, 10_001 + LATE_MS)).toBe("late");
    expect(linkPhase(up, 10_000 + LOST_MS)).toBe("late");
    expect(linkPhase(up, 10_001 + LOST_MS)).toBe("lost");
  });

  it("is lost soon after the browser knows that the connection broke", () => {
    const down = { ...up, downSince: 12_000 };
    expect(linkPhase(down, 12_000 + GRACE_MS)).toBe("late");
    expect(linkPhase(down, 12_001 + GRACE_MS)).toBe("lost");
  });

  it("does not wait for ever for a first word", () => {
    const silent = { startedAt: 0, heardAt: null, downSince: null };
    expect(linkPhase(silent, GRACE_MS)).toBe("connecting");
    expect(linkPhase(silent, GRACE_MS + 1)).toBe("lost");
    expect(dataAge(silent, 4000)).toBe(4);
  });

  it("tries again ever more slowly, but at least every ten seconds, and not all pages at once", () => {
    expect([0, 1, 2, 3, 50].map((attempt) => retryDelay(attempt, 0))).toEqual([1000, 2000, 4000, 5000, 5000]);
    expect([0, 0.5, 1].map((chance) => retryDelay(50, chance))).toEqual([5000, 7500, 10_000]);
  });

  it("looks again at what did not come no sooner than the server asked", () => {
    expect([0, 0.5].map((chance) => retryDelay(0, chance, 30))).toEqual([30_000, 45_000]);
  });
});
