import { describe, expect, it } from "vitest";
import { cameraName, camerasOf, placeName } from "../src/lib/places";
import { cameraPoints, incidentPoints, placedCameras, placedIncidents, sitePoints, sourceLines } from "../src/lib/scene";
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

  it("names a site below its southernmost camera", () => {
    const [site] = sitePoints(placedCameras([north, south])).features;
    expect(site?.geometry.coordinates[0]).toBeCloseTo(106.85);
    expect(site?.geometry.coordinates[1]).toBe(-6.3);
    expect(site?.properties?.["name"]).toBe("Senen");
  });

  it("joins the selected incident to the cameras that saw it", () => {
    const lines = sourceLines(incident({ id: "a" }), placedCameras([north, south])).features;
    expect(lines.map((line) => line.geometry.coordinates[1])).toEqual([[106.8, -6.1], [106.9, -6.3]]);
    expect(sourceLines(null, placedCameras([north])).features).toEqual([]);
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
  });

  it("is the camera's id, else the site, where nobody gave a name", () => {
    expect(placeName(incident({ id: "a", cameras: ["pintu-2"] }), cameras)).toBe("Pintu 2");
    expect(placeName(incident({ id: "a", cameras: [], sites: ["tanah-abang"] }), cameras)).toBe("Tanah Abang");
  });
});
