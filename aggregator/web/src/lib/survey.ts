/** One look through all incidents for what several parts of the page count. Pure. */
import { VIEWS, type View } from "./filter";
import { timesOf } from "./response";
import { isClosed, isQuiet, needsAction } from "./store";
import { SEVERITIES, type Incident, type Severity } from "./types";

export interface Survey extends Record<View, number> {
  /** Of what needs action. */
  bySeverity: Record<Severity, number>;
  /** How many of them are only suspected and raise no alarm. */
  quiet: number;
  /** When the oldest of them began, in milliseconds. */
  oldest: number | null;
  /** Everything that incidents are of, in order. */
  kinds: string[];
  sites: string[];
}

export function survey(incidents: Iterable<Incident>): Survey {
  const counts = Object.fromEntries(VIEWS.map((view) => [view, 0])) as Record<View, number>;
  const bySeverity = Object.fromEntries(SEVERITIES.map((severity) => [severity, 0])) as Record<Severity, number>;
  const kinds = new Set<string>();
  const sites = new Set<string>();
  let quiet = 0;
  let oldest: number | null = null;
  for (const incident of incidents) {
    kinds.add(incident.kind);
    for (const site of incident.sites) sites.add(site);
    if (incident.merged_into !== null) continue;
    counts.all += 1;
    if (needsAction(incident)) {
      counts.action += 1;
      bySeverity[incident.severity] += 1;
      quiet += Number(isQuiet(incident));
      const { started } = timesOf(incident);
      if (oldest === null || started < oldest) oldest = started;
    } else {
      counts[isClosed(incident) ? "closed" : "handling"] += 1;
    }
  }
  return { ...counts, bySeverity, quiet, oldest, kinds: [...kinds].sort(), sites: [...sites].sort() };
}
