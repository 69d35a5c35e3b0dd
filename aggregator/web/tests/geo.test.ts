import { describe, expect, it } from "vitest";
import { bearing, boundsOf, circle, grid, gridStep, projector } from "../src/lib/geo";

/** Great-circle distance in metres (haversine), an independent judge of the flat approximation. */
function haversine(lat1: number, lon1: number, lat2: number, lon2: number): number {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180;
  const h =
    Math.sin(radians(lat2 - lat1) / 2) ** 2 +
    Math.cos(radians(lat1)) * Math.cos(radians(lat2)) * Math.sin(radians(lon2 - lon1) / 2) ** 2;
  return 2 * 6_371_008.8 * Math.asin(Math.sqrt(h));
}

describe("a circle on the ground", () => {
  it("is closed and has its radius in every direction, within one per cent", () => {
    for (const [lat, lon] of [[-6.2, 106.8], [59, 18]] as const) {
      const ring = circle(lat, lon, 300);
      expect(ring[0]).toEqual(ring[ring.length - 1]);
      for (const [x, y] of ring) expect(Math.abs(haversine(lat, lon, y, x) / 300 - 1)).toBeLessThan(0.01);
    }
  });
});

describe("the grid", () => {
  it("takes the smallest round mesh that is wide enough to see", () => {
    expect(gridStep(1)).toBe(100);
    expect(gridStep(10)).toBe(1000);
    expect(gridStep(1e9)).toBe(500_000);
  });

  it("does not swim: two overlapping views share their lines", () => {
    const one = grid([106.8, -6.21, 106.81, -6.2], 200, -6.2).map((line) => line[0]![0]);
    const two = grid([106.805, -6.21, 106.815, -6.2], 200, -6.2).map((line) => line[0]![0]);
    const shared = one.filter((lon) => lon > 106.806 && lon < 106.809);
    expect(shared.length).toBeGreaterThan(0);
    for (const lon of shared) expect(two).toContain(lon);
  });
});

describe("bounds", () => {
  it("hold every point, and are never smaller than a street", () => {
    expect(boundsOf([])).toBeNull();
    const [west, south, east, north] = boundsOf([{ lat: -6.2, lon: 106.8 }])!;
    expect(haversine(south, 106.8, north, 106.8)).toBeGreaterThan(390);
    expect(haversine(-6.2, west, -6.2, east)).toBeGreaterThan(390);
  });

  it("are placed in a picture with the ground's proportions", () => {
    const place = projector([106.8, -6.21, 106.82, -6.2], 600, 400);
    expect(place(-6.205, 106.81)).toEqual([300, 200]);
    const [x1, y1] = place(-6.21, 106.8);
    const [x2, y2] = place(-6.2, 106.82);
    const ratio = (x2 - x1) / (y1 - y2) / (haversine(-6.205, 106.8, -6.205, 106.82) / haversine(-6.21, 106.8, -6.2, 106.8));
    expect(Math.abs(ratio - 1)).toBeLessThan(0.01);
    expect(x1).toBeGreaterThanOrEqual(-1e-6);
    expect(y1).toBeLessThanOrEqual(400 + 1e-6);
  });
});

describe("a bearing", () => {
  it("turns clockwise from north", () => {
    const here = { lat: 0, lon: 106 };
    const to = (lat: number, lon: number): number => Math.round(bearing(here, { lat, lon: 106 + lon }));
    expect([to(1, 0), to(0, 1), to(-1, 0), to(0, -1)]).toEqual([0, 90, 180, 270]);
  });
});
