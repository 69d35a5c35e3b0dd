/** What an incident's row says, as one text in lower case, for the filter's words. */
import { placeTitle, shortId } from "./format";
import { cameraName, camerasOf } from "./places";
import { preferences } from "./preferences.svelte";
import { named, t } from "./text.svelte";
import type { Camera, Incident } from "./types";

let known = new WeakMap<Incident, string>();
let knownFor: unknown[] = [];

/** Remembered as long as neither the language nor the cameras change. */
export function searchable(cameras: ReadonlyMap<string, Camera>): (incident: Incident) => string {
  const language = preferences.language;
  return (incident) => {
    if (knownFor[0] !== language || knownFor[1] !== cameras) {
      known = new WeakMap();
      knownFor = [language, cameras];
    }
    let words = known.get(incident);
    if (words === undefined) {
      words = wordsOf(incident, cameras);
      known.set(incident, words);
    }
    return words;
  };
}

function wordsOf(incident: Incident, cameras: ReadonlyMap<string, Camera>): string {
  return [
    named("kind", incident.kind),
    t(`web.severity.${incident.severity}`),
    t(`web.state.${incident.state}`),
    ...camerasOf(incident, cameras).map(cameraName),
    ...incident.cameras,
    ...incident.sites.flatMap((site) => [site, placeTitle(site)]),
    ...incident.zones,
    incident.owner ?? "",
    shortId(incident.id),
    incident.id,
  ]
    .join(" ")
    .toLowerCase();
}
