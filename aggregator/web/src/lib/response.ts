/** By when somebody has to act, as aggregator/core/response.py says it. Pure: times are milliseconds of the server's clock. */
import { isClosed, needsAction } from "./store";
import type { Incident, ResponseTargets } from "./types";

export type Step = "acknowledge" | "resolve";

export interface Due {
  step: Step;
  at: number;
}

/** Times are parsed once: a list of thousands is looked through with every change. */
const parsed = new WeakMap<Incident, { opened: number | null; started: number }>();

export function timesOf(incident: Incident): { opened: number | null; started: number } {
  let times = parsed.get(incident);
  if (times === undefined) {
    times = { opened: incident.opened === null ? null : Date.parse(incident.opened), started: Date.parse(incident.started) };
    parsed.set(incident, times);
  }
  return times;
}

/** The step that somebody owes this incident, and its time; null for what was never shown, was merged, or is closed. */
export function due(incident: Incident, targets: ResponseTargets): Due | null {
  const { opened } = timesOf(incident);
  if (opened === null || incident.merged_into !== null || isClosed(incident)) return null;
  const step: Step = needsAction(incident) ? "acknowledge" : "resolve";
  const seconds = (step === "acknowledge" ? targets.acknowledge_s : targets.resolve_s)[incident.severity];
  return { step, at: opened + seconds * 1000 };
}

export interface Timer extends Due {
  overdue: boolean;
  /** Seconds that are left, or by which it is overdue. */
  seconds: number;
}

export function timer(incident: Incident, targets: ResponseTargets, now: number): Timer | null {
  const owed = due(incident, targets);
  if (owed === null || !Number.isFinite(owed.at)) return null;
  const left = (owed.at - now) / 1000;
  return { ...owed, overdue: left < 0, seconds: Math.abs(left) };
}
