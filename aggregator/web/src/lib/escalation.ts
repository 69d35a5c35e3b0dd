/**
 * What presses, and when it makes itself heard. Pure: times are milliseconds of the server's clock.
 *
 * What rings is what the list gives a line of its own: a summary line makes no sound, and neither does what came late. One
 * burst is one sound, the gravest one's; what nobody acknowledges in time is heard again, ever more rarely, and never blinks.
 */
import { compareIncidents } from "./order";
import { timer, type Timer } from "./response";
import { needsAction, rings } from "./store";
import { SEVERITIES, type DeskState, type Incident, type ResponseTargets, type Severity } from "./types";

export interface Pressing {
  incident: Incident;
  timer: Timer | null;
}

/** What the load put behind a summary line. */
export function summedUp(desk: DeskState): ReadonlySet<string> {
  return new Set(desk.summaries.flatMap((summary) => (summary.alarm ? summary.incidents : [])));
}

/** Everything critical that nobody has acknowledged, and what is major and overdue; the most urgent first. */
export function pressing(incidents: Iterable<Incident>, desk: DeskState, targets: ResponseTargets, now: number): Pressing[] {
  const found: Pressing[] = [];
  let summed: ReadonlySet<string> | null = null;
  for (const incident of incidents) {
    if (incident.severity !== "critical" && incident.severity !== "major") continue;
    if (!needsAction(incident) || !rings(incident)) continue;
    const clock = timer(incident, targets, now);
    if (incident.severity === "major" && clock?.overdue !== true) continue;
    summed ??= summedUp(desk);
    if (!summed.has(incident.id)) found.push({ incident, timer: clock });
  }
  return found.sort((a, b) => compareIncidents(a.incident, b.incident));
}

/** The same or a lesser sound does not follow this soon. */
export const GAP_MS = 2_000;

export interface Heard {
  severity: Severity;
  at: number;
}

/** How long the server takes at most to say what of the new it sums up: it looks every half second. */
export const SETTLED_MS = 1_500;

/** Of new incidents those that may be behind a summary line in a moment: minor ones, above the load. */
export function unsettled(fresh: readonly Incident[], desk: DeskState): Incident[] {
  return desk.load.over ? fresh.filter((incident) => isMinor(incident.severity)) : [];
}

/** Which sound new incidents make, if any. */
export function arrivalSound(fresh: readonly Incident[], desk: DeskState, last: Heard | null, now: number): Severity | null {
  const summed = summedUp(desk);
  const loud = fresh.filter((incident) => !summed.has(incident.id));
  const gravest = SEVERITIES.find((severity) => loud.some((incident) => incident.severity === severity));
  if (gravest === undefined) return null;
  const soon = last !== null && now - last.at < GAP_MS;
  return soon && SEVERITIES.indexOf(gravest) >= SEVERITIES.indexOf(last.severity) ? null : gravest;
}

function isMinor(severity: Severity): boolean {
  return severity === "minor" || severity === "info";
}

/** How long until a reminder is heard again; after LOUD of them the wait doubles, up to its end. */
const EVERY_MS: Partial<Record<Severity, readonly [first: number, longest: number]>> = {
  critical: [20_000, 120_000],
  major: [60_000, 300_000],
};
const LOUD = 5;

export interface Rhythm {
  /** What was overdue when it was last heard. */
  ids: ReadonlySet<string>;
  at: number;
  times: number;
}

export const SILENT: Rhythm = { ids: new Set(), at: -Infinity, times: 0 };

/** Whether what is overdue is heard now. What is newly overdue begins the rhythm anew, but waits for the first gap. */
export function reminder(found: readonly Pressing[], rhythm: Rhythm, now: number): { severity: Severity | null; rhythm: Rhythm } {
  const overdue = found.filter((one) => one.timer?.overdue === true);
  const severity = SEVERITIES.find((name) => overdue.some((one) => one.incident.severity === name));
  const wait = severity === undefined ? undefined : EVERY_MS[severity];
  if (severity === undefined || wait === undefined) return { severity: null, rhythm: SILENT };
  const ids = new Set(overdue.map((one) => one.incident.id));
  const more = [...ids].some((id) => !rhythm.ids.has(id));
  const times = more ? 0 : rhythm.times;
  const gap = Math.min(wait[1], wait[0] * 2 ** Math.max(0, times - LOUD));
  if (now - rhythm.at < gap) return { severity: null, rhythm };
  return { severity, rhythm: { ids, at: now, times: times + 1 } };
}
