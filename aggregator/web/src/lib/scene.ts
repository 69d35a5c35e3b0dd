/** What the map shows, as GeoJSON made from the world; the WebGL map and the plain one draw the same scene. */
import type { Feature, FeatureCollection, LineString, Point, Polygon } from "geojson";
import { placeTitle } from "./format";
import { circle, grid, type Bounds } from "./geo";
import { cameraKey, isClosed } from "./store";
import { cameraSign } from "./shapes";
import { SEVERITIES, type Camera, type Incident } from "./types";

export interface Placed {
  lat: number;
  lon: number;
}

export function placedCameras(cameras: Iterable<Camera>): (Camera & Placed)[] {
  return [...cameras].filter((camera): camera is Camera & Placed => camera.lat !== null && camera.lon !== null);
}

/** Incidents on the map: those still alive, and the selected one whatever its state. */
export function placedIncidents(incidents: Iterable<Incident>, selectedId: string | null): Incident[] {
  return [...incidents].filter(
    (incident) => incident.location !== null && (incident.id === selectedId || !isClosed(incident)),
  );
}

function collection<G extends Point | Polygon | LineString>(features: Feature<G>[]): FeatureCollection<G> {
  return { type: "FeatureCollection", features };
}

export function cameraPoints(cameras: readonly (Camera & Placed)[]): FeatureCollection<Point> {
  return collection(
    cameras.map((camera) => ({
      type: "Feature",
      geometry: { type: "Point", coordinates: [camera.lon, camera.lat] },
      properties: { key: cameraKey(camera), name: camera.name || camera.id, sign: cameraSign(camera.state) },
    })),
  );
}

/** One label a site, below the southernmost of its cameras. */
export function sitePoints(cameras: readonly (Camera & Placed)[]): FeatureCollection<Point> {
  const sites = new Map<string, (Camera & Placed)[]>();
  for (const camera of cameras) sites.set(camera.site, [...(sites.get(camera.site) ?? []), camera]);
  return collection(
    [...sites].map(([site, members]) => {
      const lon = members.reduce((sum, camera) => sum + camera.lon, 0) / members.length;
      const lat = Math.min(...members.map((camera) => camera.lat));
      return { type: "Feature", geometry: { type: "Point", coordinates: [lon, lat] }, properties: { name: placeTitle(site) } };
    }),
  );
}

/** `rank` is 3 for critical … 0 for info: the larger is drawn on top, and is the one a cluster shows. */
export function incidentPoints(incidents: readonly Incident[]): FeatureCollection<Point> {
  return collection(
    incidents.flatMap((incident): Feature<Point>[] => {
      if (incident.location === null) return [];
      const { lat, lon } = incident.location;
      const rank = SEVERITIES.length - 1 - SEVERITIES.indexOf(incident.severity);
      return [{ type: "Feature", geometry: { type: "Point", coordinates: [lon, lat] }, properties: { id: incident.id, rank } }];
    }),
  );
}

export function incidentCircles(incidents: readonly Incident[]): FeatureCollection<Polygon> {
  return collection(
    incidents.flatMap((incident): Feature<Polygon>[] => {
      if (incident.location === null) return [];
      const { lat, lon, radius_m } = incident.location;
      const ring = circle(lat, lon, radius_m);
      return [{ type: "Feature", geometry: { type: "Polygon", coordinates: [ring] }, properties: { severity: incident.severity } }];
    }),
  );
}

/** From an incident to each camera that saw it. */
export function sourceLines(incident: Incident | null, cameras: readonly Placed[]): FeatureCollection<LineString> {
  const place = incident?.location;
  if (!place) return collection<LineString>([]);
  return collection(
    cameras.map((camera) => ({
      type: "Feature",
      geometry: { type: "LineString", coordinates: [[place.lon, place.lat], [camera.lon, camera.lat]] },
      properties: {},
    })),
  );
}

export function gridLines(bounds: Bounds, stepM: number, originLat: number): FeatureCollection<LineString> {
  return collection(
    grid(bounds, stepM, originLat).map((line) => ({ type: "Feature", geometry: { type: "LineString", coordinates: line }, properties: {} })),
  );
}
