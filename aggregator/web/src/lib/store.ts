/**
 * What the page knows, as a value: a snapshot replaces it, a delta changes one entry. No clock, no DOM, no network.
 *
 * A delta that is older than what is held (a replay after a reconnect) is ignored, by the incident's `revision`.
 */
import type { BaseMap, Camera, DeskState, Gone, Incident, ResponseTargets, Severity, Silence, Snapshot } from "./types";

export interface World {
  incidents: ReadonlyMap<string, Incident>;
  cameras: ReadonlyMap<string, Camera>;
  silences: ReadonlyMap<string, Silence>;
  desk: DeskState;
  response: ResponseTargets;
  /** The sites of each district, as far as the user sees them. */
  districts: Readonly<Record<string, readonly string[]>>;
  map: BaseMap;
  /** False until the first snapshot: "nothing there" and "nothing heard yet" are different sentences. */
  loaded: boolean;
}

export type Delta =
  | { type: "incident"; value: Incident }
  | { type: "camera"; value: Camera }
  | { type: "silence"; value: Silence }
  | { type: "gone"; value: Gone }
  | { type: "desk"; value: DeskState };

export const KEPT_CLOSED = 1000;
const CALM: DeskState = { load: { opened: 0, per_operator: 0, budget: 1, over: false }, summaries: [] };
/** Until the first snapshot says how soon somebody has to act, nothing is overdue. */
const NEVER = { critical: Infinity, major: Infinity, minor: Infinity, info: Infinity };
export const EMPTY: World = {
  incidents: new Map(),
  cameras: new Map(),
  silences: new Map(),
  desk: CALM,
  response: { acknowledge_s: NEVER, resolve_s: NEVER },
  districts: {},
  map: { style: null, tiles: [], pmtiles: null, attribution: "", max_zoom: 19 },
  loaded: false,
};

/** Camera ids are unique within a site only. */
export function cameraKey(camera: { site: string; id: string }): string {
  return `${camera.site}/${camera.id}`;
}

export function fromSnapshot(snapshot: Snapshot): World {
  return {
    incidents: new Map(snapshot.incidents.map((incident) => [incident.id, incident])),
    cameras: new Map(snapshot.cameras.map((camera) => [cameraKey(camera), camera])),
    silences: new Map(snapshot.silences.map((silence) => [silence.id, silence])),
    desk: snapshot.desk,
    response: snapshot.response,
    districts: snapshot.districts,
    map: snapshot.map,
    loaded: true,
  };
}

/**
 * Applies a burst at once, so that 500 deltas cost one copy and one drawing. A map that nothing changes stays the same
 * object: a camera's health does not sort the incidents again.
 */
export function applyDeltas(world: World, deltas: readonly Delta[]): World {
  const incidents = new Map<string, Incident>();
  const gone = new Set<string>();
  const cameras = new Map<string, Camera>();
  const silences = new Map<string, Silence>();
  let desk = world.desk;
  for (const delta of deltas) {
    if (delta.type === "camera") {
      cameras.set(cameraKey(delta.value), delta.value);
    } else if (delta.type === "silence") {
      silences.set(delta.value.id, delta.value);
    } else if (delta.type === "desk") {
      desk = delta.value;
    } else if (delta.type === "gone") {
      for (const [id, revision] of Object.entries(delta.value.incidents)) {
        if (isStale(incidents.get(id) ?? world.incidents.get(id), { revision })) continue;
        incidents.delete(id);
        if (world.incidents.has(id)) gone.add(id);
      }
    } else if (!isStale(incidents.get(delta.value.id) ?? world.incidents.get(delta.value.id), delta.value)) {
      incidents.set(delta.value.id, delta.value);
      gone.delete(delta.value.id);
    }
  }
  const known = changed(world.incidents, incidents, gone);
  return {
    ...world,
    incidents: known === world.incidents ? known : forgetOld(known as Map<string, Incident>),
    cameras: changed(world.cameras, cameras),
    silences: changed(world.silences, silences),
    desk,
  };
}

/** A copy with the changes in it; the map itself where there are none. */
function changed<V>(held: ReadonlyMap<string, V>, changes: ReadonlyMap<string, V>, gone: Iterable<string> = []): ReadonlyMap<string, V> {
  const without = [...gone];
  if (changes.size === 0 && without.length === 0) return held;
  const copy = new Map(held);
  for (const [key, value] of changes) copy.set(key, value);
  for (const key of without) copy.delete(key);
  return copy;
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

function isStale(held: Incident | undefined, incoming: Pick<Incident, "revision">): boolean {
  return held !== undefined && incoming.revision < held.revision;
}

/** What rings in `after` and did not in `before`: what is announced aloud. ids: what may have changed. */
export function arrivals(before: World, after: World, ids: Iterable<string> = after.incidents.keys()): Incident[] {
  const fresh: Incident[] = [];
  for (const id of ids) {
    const incident = after.incidents.get(id);
    const known = before.incidents.get(id);
    if (incident === undefined || incident === known) continue;
    if (rings(incident) && (known === undefined || !rings(known))) fresh.push(incident);
  }
  return fresh;
}

/** What came late rings nobody, and neither does what is only suspected, or shown as part of another. */
export function rings(incident: Incident): boolean {
  return needsAction(incident) && incident.merged_into === null && !incident.delayed && !isQuiet(incident);
}

const GRAVE: readonly Severity[] = ["critical", "major"];

/** Suspected, and neither major nor critical without anything that speaks against it. */
export function isQuiet(incident: Incident): boolean {
  return incident.state === "suspected" && !(GRAVE.includes(incident.severity) && incident.doubts.length === 0);
}

export function needsAction(incident: Incident): boolean {
  return incident.state === "suspected" || incident.state === "open";
}

/** Whether it raises no alarms now, or will later. */
export function holds(silence: Silence, now: number): boolean {
  return Date.parse(silence.ended ?? silence.expires) > now;
}

export function isClosed(incident: Pick<Incident, "state">): boolean {
  return incident.state === "resolved" || incident.state === "false_alarm";
}

/** A camera that delivers pictures which are analysed now (idle: pictures come, nothing moves). */
export function isWatching(camera: Camera): boolean {
  return camera.state === "online" || camera.state === "idle";
}

/** What its host does to a camera that watches: too busy (what is over soon may not be seen), or with a wrong clock (no alarms). */
export const HINDRANCES = ["rarely", "disk", "clock"] as const;
export type Hindrance = (typeof HINDRANCES)[number];

export function hindrance(camera: Camera): Hindrance | null {
  const key = isWatching(camera) ? camera.why?.key : undefined;
  return HINDRANCES.find((one) => key === `camera.${one}`) ?? null;
}

export function isHampered(camera: Camera): boolean {
  return hindrance(camera) !== null;
}
