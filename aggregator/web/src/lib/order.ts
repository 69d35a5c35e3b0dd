/** Which incidents the list shows, and in which order: first what needs an operator, the worst first, then the newest. */
import { isClosed, needsAction } from "./store";
import { SEVERITIES, type Camera, type Incident, CAMERA_STATES } from "./types";

export type View = "action" | "handling" | "closed" | "all";
export const VIEWS: readonly View[] = ["action", "handling", "closed", "all"];

export interface Filter {
  view: View;
  /** A kind, or "" for every kind. */
  kind: string;
}

export function inView(incident: Incident, view: View): boolean {
  switch (view) {
    case "action":
      return needsAction(incident);
    case "handling":
      return incident.state === "acknowledged" || incident.state === "dispatched";
    case "closed":
      return isClosed(incident);
    case "all":
      return true;
  }
}

/** 0 needs action, 1 in handling, 2 closed. */
function stage(incident: Incident): number {
  if (needsAction(incident)) return 0;
  return isClosed(incident) ? 2 : 1;
}

/** Parsing a time costs more than comparing it, and a list of thousands is sorted again with every change. */
const startOf = new WeakMap<Incident, number>();

function started(incident: Incident): number {
  const known = startOf.get(incident);
  if (known !== undefined) return known;
  const parsed = Date.parse(incident.started);
  startOf.set(incident, parsed);
  return parsed;
}

/** Closed incidents are history: newest first, whatever their severity. Ids break ties, so the order is total. */
export function compareIncidents(a: Incident, b: Incident): number {
  const byStage = stage(a) - stage(b);
  if (byStage !== 0) return byStage;
  if (stage(a) < 2) {
    // A backlog that an agent kept while its uplink was down is not today's emergency.
    if (a.delayed !== b.delayed) return a.delayed ? 1 : -1;
    const doubted = Number(a.doubts.length > 0) - Number(b.doubts.length > 0);
    if (doubted !== 0) return doubted;
    const bySeverity = SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity);
    if (bySeverity !== 0) return bySeverity;
  }
  const byTime = started(b) - started(a);
  if (byTime !== 0) return byTime;
  return a.id < b.id ? 1 : -1;
}

/** What was merged into another incident is shown there, and nowhere else. */
export function arrange(incidents: Iterable<Incident>, filter: Filter): Incident[] {
  const kept: Incident[] = [];
  for (const incident of incidents) {
    if (incident.merged_into === null && inView(incident, filter.view) && (filter.kind === "" || incident.kind === filter.kind)) kept.push(incident);
  }
  return kept.sort(compareIncidents);
}

export function countViews(incidents: Iterable<Incident>): Record<View, number> {
  const counts: Record<View, number> = { action: 0, handling: 0, closed: 0, all: 0 };
  for (const incident of incidents) {
    if (incident.merged_into !== null) continue;
    for (const view of VIEWS) if (inView(incident, view)) counts[view] += 1;
  }
  return counts;
}

/** What does not watch comes first, then by site and name. */
export function compareCameras(a: Camera, b: Camera): number {
  const byState = CAMERA_STATES.indexOf(a.state) - CAMERA_STATES.indexOf(b.state);
  const bothWatch = CAMERA_STATES.indexOf(a.state) > 6 && CAMERA_STATES.indexOf(b.state) > 6;
  if (byState !== 0 && !bothWatch) return byState;
  return `${a.site}/${a.name || a.id}`.localeCompare(`${b.site}/${b.name || b.id}`);
}
