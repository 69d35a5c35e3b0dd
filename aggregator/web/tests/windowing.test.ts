import { describe, expect, it } from "vitest";
import { anchoredScroll, neighbour, revealScroll, visibleSlice } from "../src/lib/windowing";

describe("the rows that exist", () => {
  it("cover the view with some to spare, whatever the list's length", () => {
    for (const total of [0, 1, 7, 500, 5000]) {
      for (const scrollTop of [0, 79, 4000, 1e6]) {
        const { first, last } = visibleSlice(scrollTop, 700, 79, total);
        expect(first).toBeGreaterThanOrEqual(0);
        expect(last).toBeLessThanOrEqual(total);
        expect(last - first).toBeLessThanOrEqual(Math.ceil(700 / 79) + 13);
        expect(first).toBeLessThanOrEqual(last);
      }
    }
    expect(visibleSlice(790, 158, 79, 500, 0)).toEqual({ first: 10, last: 12 });
  });
});

describe("a list that changes", () => {
  const before = ["a", "b", "c", "d"];

  it("keeps the anchor where it was when rows come in above it", () => {
    expect(anchoredScroll(100, 79, before, ["new", ...before], "b")).toBe(179);
  });

  it("follows the anchor up when rows above it leave, but never above the top", () => {
    expect(anchoredScroll(100, 79, before, ["b", "c", "d"], "c")).toBe(21);
    expect(anchoredScroll(10, 79, before, ["b", "c", "d"], "c")).toBe(0);
  });

  it("does not move for what changes below, nor for an anchor that left", () => {
    expect(anchoredScroll(100, 79, before, [...before, "new"], "b")).toBeNull();
    expect(anchoredScroll(100, 79, before, ["a", "c", "d"], "b")).toBeNull();
  });
});

describe("moving by keyboard", () => {
  const list = ["a", "b", "c"];

  it("begins at the top, and stops at both ends", () => {
    expect(neighbour(list, null, 1)).toBe("a");
    expect(neighbour(list, "a", -1)).toBe("a");
    expect(neighbour(list, "c", 1)).toBe("c");
    expect(neighbour(list, "a", 1e9)).toBe("c");
    expect(neighbour([], null, 1)).toBeNull();
  });

  it("goes on from where the selection was when that has left the list", () => {
    expect(neighbour(["a", "c", "d"], "b", 1, 1)).toBe("c");
    expect(neighbour(["a", "c", "d"], "b", -1, 1)).toBe("a");
  });

  it("reveals a row with a neighbour, and leaves a visible one alone", () => {
    expect(revealScroll(0, 400, 80, 2)).toBe(0);
    expect(revealScroll(0, 400, 80, 4)).toBe(80);
    expect(revealScroll(800, 400, 80, 3)).toBe(160);
  });
});
