/** In which order the queue is: first what needs an operator, the worst first, then the surest, then who has waited longest. */
import { timesOf } from "./response";
import { isClosed, isHampered, isWatching, needsAction } from "./store";
import { SEVERITIES, type Camera, type Incident, CAMERA_STATES } from "./types";

/** 0 needs action, 1 in handling, 2 closed. */
function stage(incident: Incident): number {
  if (needsAction(incident)) return 0;
  return isClosed(incident) ? 2 : 1;
}

interface Key {
  /** The smaller comes first. */
  rank: number;
  time: number;
}

const keys = new WeakMap<Incident, Key>();

/**
 * What was told late is not today's emergency, what verdicts speak against comes after what they do not; then severity,
 * what was opened before what is only suspected, and confidence in tenths, so that a hundredth moves no row. Of equals the
 * one goes first that has waited longest: it is the next to miss its target. What nobody owes an answer (suspected, closed)
 * is in the order of news.
 */
function keyOf(incident: Incident): Key {
  let key = keys.get(incident);
  if (key !== undefined) return key;
  const { opened, started } = timesOf(incident);
  const at = stage(incident);
  if (at === 2) {
    key = { rank: 1e6, time: -started };
  } else {
    const digits = [
      at,
      Number(incident.delayed),
      Number(incident.doubts.length > 0),
      SEVERITIES.indexOf(incident.severity),
      Number(incident.state === "suspected"),
      10 - Math.round(incident.confidence * 10),
    ];
    key = { rank: digits.reduce((sum, digit) => sum * 11 + digit, 0), time: opened ?? -started };
  }
  keys.set(incident, key);
  return key;
}

/** Ids break ties, so that the order is total. */
export function compareIncidents(a: Incident, b: Incident): number {
  const [one, other] = [keyOf(a), keyOf(b)];
  return one.rank - other.rank || one.time - other.time || (a.id < b.id ? 1 : -1);
}

const placeOf = new WeakMap<Camera, string>();

function cameraPlace(camera: Camera): string {
  let place = placeOf.get(camera);
  if (place === undefined) {
    place = `${camera.site}/${camera.name || camera.id}`.toLowerCase();
    placeOf.set(camera, place);
  }
  return place;
}

/** Gate 2 before gate 10. */
const COLLATOR = new Intl.Collator("id", { numeric: true });

/** What does not watch comes first, then what watches too rarely, then by site and name. */
export function compareCameras(a: Camera, b: Camera): number {
  return trouble(a) - trouble(b) || COLLATOR.compare(cameraPlace(a), cameraPlace(b));
}

/** The smaller comes first. */
function trouble(camera: Camera): number {
  if (!isWatching(camera)) return CAMERA_STATES.indexOf(camera.state);
  return CAMERA_STATES.length + (isHampered(camera) ? 0 : 1);
}
