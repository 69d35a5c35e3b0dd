/** What the map shows, as GeoJSON made from the world; the WebGL map and the plain one draw the same scene. */
import type { Feature, FeatureCollection, LineString, Point, Polygon } from "geojson";
import { placeTitle } from "./format";
import { bearing, circle, grid, pixelsAtZoom0, sector, type Bounds } from "./geo";
import { cameraKey, isClosed, isWatching, needsAction } from "./store";
import { cameraSign } from "./shapes";
import { SEVERITIES, type Camera, type Incident } from "./types";

export interface Placed {
  lat: number;
  lon: number;
}

export function placedCameras(cameras: Iterable<Camera>): (Camera & Placed)[] {
  return [...cameras].filter((camera): camera is Camera & Placed => camera.lat !== null && camera.lon !== null);
}

/**
 * Whether two lists would be drawn the same. What no delta touched is the same object, so that it costs little to ask this at
 * each change; most changes (counts, times, revisions) move nothing on the map.
 */
export function drawnAlike<T>(before: readonly T[], after: readonly T[], alike: (a: T, b: T) => boolean): boolean {
  return before.length === after.length && before.every((one, n) => one === after[n] || alike(one, after[n]!));
}

export function alikeCameras(a: Camera, b: Camera): boolean {
  return (
    cameraKey(a) === cameraKey(b) && a.name === b.name && cameraSign(a.state) === cameraSign(b.state) && a.lat === b.lat && a.lon === b.lon && a.radius_m === b.radius_m &&
    a.view?.heading_deg === b.view?.heading_deg && a.view?.fov_deg === b.view?.fov_deg && a.view?.range_m === b.view?.range_m
  );
}

export function alikeIncidents(a: Incident, b: Incident): boolean {
  return a.id === b.id && a.severity === b.severity && needsAction(a) === needsAction(b) && a.location?.lat === b.location?.lat && a.location?.lon === b.location?.lon && a.location?.radius_m === b.location?.radius_m;
}

export function alikePaths(a: Incident, b: Incident): boolean {
  const [one, other] = [a.path ?? [], b.path ?? []];
  return a.id === b.id && a.severity === b.severity && one.length === other.length && one.every(({ lat, lon }, n) => lat === other[n]!.lat && lon === other[n]!.lon);
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

/** One label a site, below the southernmost of its cameras. `cameras`: how many, since of too many names the larger sites keep theirs. */
export function sitePoints(cameras: readonly (Camera & Placed)[]): FeatureCollection<Point> {
  const sites = new Map<string, (Camera & Placed)[]>();
  for (const camera of cameras) sites.set(camera.site, [...(sites.get(camera.site) ?? []), camera]);
  return collection(
    [...sites].map(([site, members]) => {
      const lon = members.reduce((sum, camera) => sum + camera.lon, 0) / members.length;
      const lat = Math.min(...members.map((camera) => camera.lat));
      return { type: "Feature", geometry: { type: "Point", coordinates: [lon, lat] }, properties: { name: placeTitle(site), cameras: members.length } };
    }),
  );
}

/** `rank` is 3 for critical … 0 for info, and less than 0 for what is in hand: the larger is drawn on top, and is the one a cluster shows. `extent`: in pixels at zoom 0. */
export function incidentPoints(incidents: readonly Incident[]): FeatureCollection<Point> {
  return collection(
    incidents.flatMap((incident): Feature<Point>[] => {
      if (incident.location === null) return [];
      const { lat, lon, radius_m } = incident.location;
      const properties = { id: incident.id, rank: rankOf(incident), severity: incident.severity, extent: pixelsAtZoom0(radius_m, lat) };
      return [{ type: "Feature", geometry: { type: "Point", coordinates: [lon, lat] }, properties }];
    }),
  );
}

function rankOf(incident: Incident): number {
  return (needsAction(incident) ? SEVERITIES.length : 0) - 1 - SEVERITIES.indexOf(incident.severity);
}

/** The way that incidents took, where they moved. */
export function incidentPaths(incidents: readonly Incident[]): FeatureCollection<LineString> {
  return collection(
    incidents.flatMap((incident): Feature<LineString>[] => {
      const path = incident.path ?? [];
      if (path.length < 2) return [];
      const coordinates = path.map(({ lat, lon }) => [lon, lat]);
      return [{ type: "Feature", geometry: { type: "LineString", coordinates }, properties: { id: incident.id, severity: incident.severity } }];
    }),
  );
}

/** Where those ways end, and which way they lead there. */
export function pathEnds(incidents: readonly Incident[]): FeatureCollection<Point> {
  return collection(
    incidents.flatMap((incident): Feature<Point>[] => {
      const [last, before] = [incident.path?.at(-1), incident.path?.at(-2)];
      if (last === undefined || before === undefined) return [];
      const properties = { severity: incident.severity, bearing: bearing(before, last) };
      return [{ type: "Feature", geometry: { type: "Point", coordinates: [last.lon, last.lat] }, properties }];
    }),
  );
}

/** Where nobody says what a camera sees, this much around it. */
const AREA_M = 30;

/** What each camera sees: a cone where it is known, else a circle. covered: false where it does not watch now: a hole. */
export function cameraAreas(cameras: readonly (Camera & Placed)[]): FeatureCollection<Polygon> {
  return collection(
    cameras.map((camera) => {
      const { lat, lon, view } = camera;
      const ring = view ? sector(lat, lon, view.heading_deg, view.fov_deg, view.range_m) : circle(lat, lon, camera.radius_m ?? AREA_M, 32);
      return { type: "Feature", geometry: { type: "Polygon", coordinates: [ring] }, properties: { covered: isWatching(camera) } };
    }),
  );
}

export function gridLines(bounds: Bounds, stepM: number, originLat: number): FeatureCollection<LineString> {
  return collection(
    grid(bounds, stepM, originLat).map((line) => ({ type: "Feature", geometry: { type: "LineString", coordinates: line }, properties: {} })),
  );
}
