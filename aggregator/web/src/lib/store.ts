/**
 * What the page knows, as a value: a snapshot replaces it, a delta changes one entry. No clock, no DOM, no network.
 *
 * A delta that is older than what is held (a replay after a reconnect) is ignored, by the incident's `revision`.
 */
import type { Camera, Incident, Snapshot } from "./types";

export interface World {
  incidents: ReadonlyMap<string, Incident>;
  cameras: ReadonlyMap<string, Camera>;
  /** False until the first snapshot: "nothing there" and "nothing heard yet" are different sentences. */
  loaded: boolean;
}

export type Delta = { type: "incident"; value: Incident } | { type: "camera"; value: Camera };

export const KEPT_CLOSED = 1000;
export const EMPTY: World = { incidents: new Map(), cameras: new Map(), loaded: false };

/** Camera ids are unique within a site only. */
export function cameraKey(camera: { site: string; id: string }): string {
  return `${camera.site}/${camera.id}`;
}

export function fromSnapshot(snapshot: Snapshot): World {
  return {
    incidents: new Map(snapshot.incidents.map((incident) => [incident.id, incident])),
    cameras: new Map(snapshot.cameras.map((camera) => [cameraKey(camera), camera])),
    loaded: true,
  };
}

/**
 * Applies a burst at once, so that 500 deltas cost one copy and one drawing. A map that nothing changes stays the same
 * object: a camera's health does not sort the incidents again.
 */
export function applyDeltas(world: World, deltas: readonly Delta[]): World {
  const incidents = new Map<string, Incident>();
  const cameras = new Map<string, Camera>();
  for (const delta of deltas) {
    if (delta.type === "camera") {
      cameras.set(cameraKey(delta.value), delta.value);
    } else if (!isStale(incidents.get(delta.value.id) ?? world.incidents.get(delta.value.id), delta.value)) {
      incidents.set(delta.value.id, delta.value);
    }
  }
  return {
    incidents: incidents.size === 0 ? world.incidents : forgetOld(new Map([...world.incidents, ...incidents])),
    cameras: cameras.size === 0 ? world.cameras : new Map([...world.cameras, ...cameras]),
    loaded: world.loaded,
  };
}

/** A page that is open for weeks keeps the latest closed incidents only; the server has them all. */
function forgetOld(incidents: Map<string, Incident>): Map<string, Incident> {
  if (incidents.size <= KEPT_CLOSED) return incidents;
  const closed = [...incidents.values()].filter(isClosed);
  if (closed.length <= KEPT_CLOSED * 1.2) return incidents;
  closed.sort((a, b) => Date.parse(b.updated) - Date.parse(a.updated));
  for (const incident of closed.slice(KEPT_CLOSED)) incidents.delete(incident.id);
  return incidents;
}

function isStale(held: Incident | undefined, incoming: Incident): boolean {
  return held !== undefined && incoming.revision < held.revision;
}

/** Ids that are in `after` but not in `before` and still need an operator: what is announced aloud. */
export function arrivals(before: World, after: World): Incident[] {
  const fresh: Incident[] = [];
  for (const [id, incident] of after.incidents) {
    if (!before.incidents.has(id) && needsAction(incident) && !incident.delayed) fresh.push(incident);
  }
  return fresh;
}

export function needsAction(incident: Incident): boolean {
  return incident.state === "suspected" || incident.state === "open";
}

export function isClosed(incident: Incident): boolean {
  return incident.state === "resolved" || incident.state === "false_alarm";
}

/** A camera that delivers pictures which are analysed now (idle: pictures come, nothing moves). */
export function isWatching(camera: Camera): boolean {
  return camera.state === "online" || camera.state === "idle";
}
