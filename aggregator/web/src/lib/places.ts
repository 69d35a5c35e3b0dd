/** Which camera an incident's camera name means, and how its place is said. */
import { placeTitle, readable } from "./format";
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

/** The first camera's name, else the site's: what an operator calls the place. */
export function placeName(incident: Incident, cameras: ReadonlyMap<string, Camera>): string {
  const [first] = camerasOf(incident, cameras);
  if (first !== undefined) return cameraName(first);
  const [site] = incident.sites;
  return site === undefined ? "" : placeTitle(site);
}
