/** What happened while the page was not connected. Pure. */
import { GRACE_MS } from "./link";
import { isClosed, isWatching, needsAction, type World } from "./store";
import type { Incident } from "./types";

export interface Missed {
  awaySeconds: number;
  /** The server could not say what was missed and sent everything anew; the two pictures were compared. */
  anew: boolean;
  /** Incidents that are new or not as they were. */
  changes: number;
  /** Of them the new ones. */
  fresh: number;
  /** And those that were closed meanwhile. */
  closed: number;
  /** Cameras that watched before and do not now. */
  stopped: number;
  /** The new ones that need action. */
  waiting: Incident[];
}

/** Null where nothing is worth a word: a moment's break in which nothing happened. */
export function missed(before: World, after: World, awayMs: number, anew: boolean): Missed | null {
  if (!before.loaded) return null;
  const found: Missed = { awaySeconds: awayMs / 1000, anew, changes: 0, fresh: 0, closed: 0, stopped: 0, waiting: [] };
  for (const [id, incident] of after.incidents) {
    const known = before.incidents.get(id);
    if (known?.revision === incident.revision) continue;
    if (known === undefined) {
      // Of a picture sent anew, old closed ones may be there that this page had forgotten.
      if (isClosed(incident) && anew) continue;
      found.fresh += 1;
      if (needsAction(incident) && incident.merged_into === null) found.waiting.push(incident);
    } else if (isClosed(incident) && !isClosed(known)) {
      found.closed += 1;
    }
    found.changes += 1;
  }
  for (const [key, camera] of before.cameras) {
    const now = after.cameras.get(key);
    if (isWatching(camera) && now !== undefined && !isWatching(now)) found.stopped += 1;
  }
  return awayMs < GRACE_MS && found.changes === 0 && found.stopped === 0 ? null : found;
}
