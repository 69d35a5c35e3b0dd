/**
 * What the list shows of the incidents that wait: a line of its own for each, or one line for several of a place and kind.
 *
 * The aggregator says which open incidents are summed up (`DeskState`, once a second). What is new meanwhile is placed by the
 * same rule: suspected incidents are summed up, unless they are major or critical and nothing speaks against them. What the
 * operator has selected keeps its own line.
 */
import { isQuiet } from "./store";
import type { DeskState, Incident } from "./types";

export interface SummaryLine {
  id: string;
  site: string;
  kind: string;
  alarm: boolean;
  incidents: Incident[];
  expanded: boolean;
}

export type Line = { id: string; incident: Incident; within: boolean } | { id: string; summary: SummaryLine };

/** Whether minor alarms share a line now; above its budget the load may find none that do. */
export function sumsUp(desk: DeskState): boolean {
  return desk.load.over && desk.summaries.some((summary) => summary.alarm);
}

/** rows: in the list's order. Summaries follow, alarms first; what an expanded one holds follows it. */
export function arrangeLines(rows: readonly Incident[], desk: DeskState, expanded: ReadonlySet<string>, kept: string | null): Line[] {
  const summedUp = new Map(desk.summaries.flatMap((summary) => summary.incidents.map((id) => [id, summary] as const)));
  const own: Line[] = [];
  const sums = new Map<string, SummaryLine>();
  for (const incident of rows) {
    const told = summedUp.get(incident.id);
    const alarm = incident.state === "open" && told?.alarm === true;
    if (incident.id === kept || !(isQuiet(incident) || alarm)) {
      own.push({ id: incident.id, incident, within: false });
      continue;
    }
    const site = told?.site ?? incident.sites[0] ?? "";
    const id = `sum/${alarm ? "alarm" : "quiet"}/${site}/${incident.kind}`;
    const sum = sums.get(id) ?? { id, site, kind: incident.kind, alarm, incidents: [], expanded: expanded.has(id) };
    sum.incidents.push(incident);
    sums.set(id, sum);
  }
  const after = [...sums.values()].sort((a, b) => Number(b.alarm) - Number(a.alarm) || b.incidents.length - a.incidents.length || (a.id < b.id ? -1 : 1));
  return [...own, ...after.flatMap(unfold)];
}

function unfold(summary: SummaryLine): Line[] {
  const line: Line = { id: summary.id, summary };
  return summary.expanded ? [line, ...summary.incidents.map((incident) => ({ id: incident.id, incident, within: true }))] : [line];
}
