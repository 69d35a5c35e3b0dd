import { describe, expect, it } from "vitest";
import { cameraName, camerasOf, incidentAt, nameAt, placeName } from "../src/lib/places";
import { alikeCameras, alikeIncidents, alikePaths, cameraAreas, cameraPoints, drawnAlike, incidentPaths, incidentPoints, placedCameras, placedIncidents, sitePoints } from "../src/lib/scene";
import { camera, incident } from "./helpers";

describe("the map's scene", () => {
  const north = camera({ id: "north", name: "Gerbang utara", lat: -6.1, lon: 106.8 });
  const south = camera({ id: "south", state: "failed", lat: -6.3, lon: 106.9 });

  it("leaves out what has no place, and closed incidents but the selected one", () => {
    expect(placedCameras([north, camera({ id: "lost", lat: null, lon: null })]).map((one) => one.id)).toEqual(["north"]);
    const all = [incident({ id: "a" }), incident({ id: "b", state: "resolved" }), incident({ id: "c", location: null })];
    expect(placedIncidents(all, null).map((one) => one.id)).toEqual(["a"]);
    expect(placedIncidents(all, "b").map((one) => one.id)).toEqual(["a", "b"]);
  });

  it("puts longitude first, and the sign of each camera's state", () => {
    const points = cameraPoints(placedCameras([north, south])).features;
    expect(points.map((point) => point.geometry.coordinates)).toEqual([[106.8, -6.1], [106.9, -6.3]]);
    expect(points.map((point) => point.properties?.["sign"])).toEqual(["watching", "missing"]);
  });

  it("ranks the worst incident highest, for what lies on top", () => {
    const points = incidentPoints([incident({ id: "i", severity: "info" }), incident({ id: "c", severity: "critical" })]).features;
    expect(points.map((point) => point.properties?.["rank"])).toEqual([0, 3]);
  });

  it("puts what is in hand below all that waits", () => {
    const [waits, taken] = [incident({ id: "a", severity: "info" }), incident({ id: "b", severity: "critical", state: "acknowledged" })];
    const ranks = incidentPoints([waits, taken]).features.map((point) => Number(point.properties?.["rank"]));
    expect(ranks).toEqual([0, -1]);
  });

  it("gives an extent in pixels that grows with the zoom as metres do", () => {
    const [point] = incidentPoints([incident({ id: "a", location: { lat: 0, lon: 106.8, radius_m: 100 } })]).features;
    // 156 km a pixel at zoom 0 of 256-pixel tiles: 78 km of 512-pixel ones.
    expect(point?.properties?.["extent"]).toBeCloseTo(100 / 78_271.5, 6);
  });

  it("draws what a camera sees as a cone where that is known, else as a circle, and a hole where it does not watch", () => {
    const looks = { ...north, view: { heading_deg: 90, fov_deg: 60, range_m: 1000 } };
    const [cone, circle] = cameraAreas(placedCameras([looks, south])).features;
    const corners = cone!.geometry.coordinates[0]!;
    expect([corners[0], corners.at(-1)]).toEqual([[106.8, -6.1], [106.8, -6.1]]);
    expect(Math.max(...corners.map(([lon]) => lon!))).toBeCloseTo(106.8 + 1000 / (111_320 * Math.cos((6.1 * Math.PI) / 180)), 6);
    expect(Math.min(...corners.map(([lon]) => lon!))).toBeCloseTo(106.8, 9);
    expect(circle!.geometry.coordinates[0]).toHaveLength(33);
    expect([cone, circle].map((area) => area!.properties?.["covered"])).toEqual([true, false]);
  });

  it("draws the way of what moved", () => {
    const path = [{ lat: -6.1, lon: 106.8, time: "" }, { lat: -6.2, lon: 106.9, time: "" }];
    const lines = incidentPaths([incident({ id: "a", path }), incident({ id: "b", path: [] }), incident({ id: "c" })]).features;
    expect(lines.map((line) => [line.properties?.["id"], line.geometry.coordinates])).toEqual([["a", [[106.8, -6.1], [106.9, -6.2]]]]);
  });

  it("takes a camera for the most urgent incident that it saw", () => {
    const cameras = new Map([north, south, camera({ id: "north", site: "kota" })].map((one) => [`${one.site}/${one.id}`, one]));
    const list = [
      incident({ id: "minor", cameras: ["north"] }),
      incident({ id: "worse", cameras: ["south", "north"], severity: "critical" }),
      incident({ id: "over", cameras: ["north"], severity: "critical", state: "resolved", confidence: 1 }),
      incident({ id: "elsewhere", sites: ["kota"], cameras: ["north"], severity: "critical", confidence: 1 }),
    ];
    expect(incidentAt("senen/north", list, cameras)?.id).toBe("worse");
    expect(incidentAt("kota/north", list, cameras)?.id).toBe("elsewhere");
    expect(incidentAt("senen/none", list, cameras)).toBeNull();
  });

  it("names a site below its southernmost camera", () => {
    const [site] = sitePoints(placedCameras([north, south])).features;
    expect(site?.geometry.coordinates[0]).toBeCloseTo(106.85);
    expect(site?.geometry.coordinates[1]).toBe(-6.3);
    expect(site?.properties).toEqual({ name: "Senen", cameras: 2 });
  });

  it("is drawn anew only for what would look different", () => {
    const before = [incident({ id: "a" }), incident({ id: "b", path: [{ lat: 1, lon: 2, time: "" }] })];
    const [a, b] = before as [(typeof before)[0], (typeof before)[0]];
    const told = { ...a, revision: 9, event_count: 40, state: "suspected" as const, location: { ...a.location! } };
    expect(drawnAlike(before, [told, { ...b }], alikeIncidents)).toBe(true);
    expect(drawnAlike(before, [told, { ...b, path: [{ lat: 1, lon: 2, time: "later" }] }], alikePaths)).toBe(true);
    for (const other of [[a], [b, a], [{ ...a, severity: "info" as const }, b], [{ ...a, state: "acknowledged" as const }, b], [{ ...a, location: { ...a.location!, radius_m: 999 } }, b], [{ ...a, location: null }, b]]) {
      expect(drawnAlike(before, other, alikeIncidents)).toBe(false);
    }
    expect(drawnAlike(before, [a, { ...b, path: [{ lat: 1, lon: 2, time: "" }, { lat: 1, lon: 3, time: "" }] }], alikePaths)).toBe(false);
    expect(drawnAlike(before, [a, { ...b, path: [{ lat: 1, lon: 2.5, time: "" }] }], alikePaths)).toBe(false);
  });

  it("tells what a camera sees from how often it says so", () => {
    const looks = camera({ id: "looks", lat: 1, lon: 2, view: { heading_deg: 90, fov_deg: 60, range_m: 50 } });
    expect(alikeCameras(looks, { ...looks, fps_analysed: 1, last_seen: null, view: { ...looks.view! } })).toBe(true);
    for (const other of [{ state: "failed" as const }, { name: "x" }, { lat: 3 }, { view: null }, { view: { ...looks.view!, heading_deg: 91 } }, { radius_m: 12 }]) {
      expect(alikeCameras(looks, { ...looks, ...other })).toBe(false);
    }
  });
});

describe("a place's name", () => {
  const cameras = new Map([
    ["kota/gate", camera({ id: "gate", site: "kota", name: "Gerbang kota" })],
    ["senen/gate", camera({ id: "gate", site: "senen", name: "Gerbang Senen" })],
  ]);

  it("is the camera's of the incident's own site", () => {
    expect(placeName(incident({ id: "a", sites: ["senen"], cameras: ["gate"] }), cameras)).toBe("Gerbang Senen");
    expect(camerasOf(incident({ id: "a", cameras: ["kota/gate"] }), cameras).map(cameraName)).toEqual(["Gerbang kota"]);
    expect([nameAt("kota", "gate", cameras), nameAt("kota", "pintu-2", cameras)]).toEqual(["Gerbang kota", "Pintu 2"]);
  });

  it("is the camera's id, else the site, where nobody gave a name", () => {
    expect(placeName(incident({ id: "a", cameras: ["pintu-2"] }), cameras)).toBe("Pintu 2");
    expect(placeName(incident({ id: "a", cameras: [], sites: ["tanah-abang"] }), cameras)).toBe("Tanah Abang");
  });
});
