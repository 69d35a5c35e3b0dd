/** Which camera an incident's camera name means, and how its place is said. */
import { placeTitle, readable } from "./format";
import { compareIncidents } from "./order";
import { cameraKey, isClosed } from "./store";
import type { Camera, Incident } from "./types";

/** Incidents name cameras within their sites; a name that already carries its site ("site/camera") is taken as it is. */
export function camerasOf(incident: Incident, cameras: ReadonlyMap<string, Camera>): (Camera | string)[] {
  return incident.cameras.map((name) => {
    if (name.includes("/")) return cameras.get(name) ?? name;
    const site = incident.sites.find((candidate) => cameras.has(`${candidate}/${name}`));
    return (site !== undefined && cameras.get(`${site}/${name}`)) || name;
  });
}

export function cameraName(camera: Camera | string): string {
  if (typeof camera === "string") return readable(camera);
  return camera.name || readable(camera.id);
}

/** What people call a camera of a site, as far as it is known. */
export function nameAt(site: string, camera: string, cameras: ReadonlyMap<string, Camera>): string {
  return cameraName(cameras.get(cameraKey({ site, id: camera })) ?? camera);
}

/** What a silence is of, or a verdict: the names that people call it by, with the place where the camera's does not say it. */
export function scopeName(one: { site: string | null; camera: string | null; rule?: string | null; zone?: string | null }, cameras: ReadonlyMap<string, Camera>): string {
  const site = one.site === null ? "" : placeTitle(one.site);
  const camera = one.camera === null ? "" : nameAt(one.site ?? "", one.camera, cameras);
  const place = camera.toLowerCase().includes(site.toLowerCase()) ? [] : [site];
  return [camera || site, ...(camera === "" ? [] : place), one.rule ?? "", readable(one.zone ?? "")].filter(Boolean).join(" · ");
}

/** The first camera's name, else the site's: what an operator calls the place. */
export function placeName(incident: Incident, cameras: ReadonlyMap<string, Camera>): string {
  const [first] = camerasOf(incident, cameras);
  if (first !== undefined) return cameraName(first);
  const [site] = incident.sites;
  return site === undefined ? "" : placeTitle(site);
}

/** The keys of the cameras that saw an incident, as far as they are known. */
export function camerasSeen(incident: Incident | null, cameras: ReadonlyMap<string, Camera>): ReadonlySet<string> {
  const known = incident === null ? [] : camerasOf(incident, cameras);
  return new Set(known.flatMap((camera) => (typeof camera === "string" ? [] : [cameraKey(camera)])));
}

/** What a camera stands for in the queue: the most urgent incident that it saw and that is not closed. */
export function incidentAt(key: string, incidents: Iterable<Incident>, cameras: ReadonlyMap<string, Camera>): Incident | null {
  const id = key.slice(key.indexOf("/") + 1);
  let found: Incident | null = null;
  for (const incident of incidents) {
    if (isClosed(incident) || incident.merged_into !== null) continue;
    if (!incident.cameras.includes(id) && !incident.cameras.includes(key)) continue;
    if (camerasSeen(incident, cameras).has(key) && (found === null || compareIncidents(incident, found) < 0)) found = incident;
  }
  return found;
}
