/** What a deed will have made of an incident, when it can be done, and how it is told. Values only: no page, no network. */
import type { Deed } from "./actions";
import type { Wish } from "./api";
import { isClosed, needsAction } from "./store";
import type { Act, Incident, IncidentDetail, LinkedEvent, Severity, State } from "./types";

/** What a person may still do in each state: shown until the server has answered. */
const AFTER: Partial<Record<State, State[]>> = { acknowledged: ["dispatched", "resolved", "false_alarm"], dispatched: ["resolved", "false_alarm"] };

/** The incident as it will most likely be: shown at once, and taken back where the server says otherwise. */
export function foreseen(incident: Incident, wish: Wish, me: string): Incident {
  const { body } = wish;
  switch (wish.path) {
    case "transition":
      return moved(incident, body["to"] as State, me);
    case "take":
      return { ...(needsAction(incident) ? moved(incident, "acknowledged", me) : incident), owner: me, handed_by: null };
    case "assign":
      return { ...incident, owner: body["to"] as string, handed_by: me };
    case "release":
      return { ...incident, owner: null, handed_by: null };
    case "severity":
      return { ...incident, severity: (body["severity"] as Severity | null) ?? incident.told_severity ?? incident.severity };
    case "kind":
      return { ...incident, kind: (body["kind"] as string | null) ?? incident.told_kind ?? incident.kind };
    default:
      return incident;
  }
}

function moved(incident: Incident, to: State, me: string): Incident {
  return { ...incident, state: to, allowed: AFTER[to] ?? [], handed_by: incident.owner === me ? null : incident.handed_by };
}

/** Why a deed cannot be done now, as the end of a catalogue key; null where it can. */
export function hindrance(name: Deed["name"], incident: Incident, me: string, now: number): string | null {
  if (name === "menu" || name === "silence" || name === "handover") return null;
  if (incident.merged_into !== null) return "merged";
  if (name === "undo") return undoable(incident, me, now) === null ? "undo" : null;
  if (name === "note") return null;
  if (isClosed(incident)) return "closed";
  if (name === "take" && incident.owner === me && incident.handed_by === null && !needsAction(incident)) return "yours";
  if (name === "release" && incident.owner === null) return "nobodys";
  if (name === "split" && incident.event_count < 2) return "only_one";
  return null;
}

/** The step that this user can take back now. */
export function undoable(incident: Incident, me: string, now: number): Act | null {
  const act = incident.last_act ?? null;
  return act !== null && act.actor === me && act.undo_until !== null && Date.parse(act.undo_until) > now ? act : null;
}

export interface Episode {
  /** Its first event: what names the episode to the server. */
  event: string;
  site: string;
  camera: string;
  kind: string;
  started: string;
  count: number;
}

/** What an incident is made of, the earliest first. */
export function episodesOf(detail: IncidentDetail): Episode[] {
  const found = new Map<string, Episode>();
  for (const { event } of detail.events) {
    const known = found.get(event.data.episode);
    if (known !== undefined) known.count += 1;
    else found.set(event.data.episode, { event: event.id, site: event.data.site, camera: event.data.camera, kind: event.data.kind, started: event.data.started, count: 1 });
  }
  return [...found.values()];
}

export interface Still {
  sha256: string;
  time: string;
  event: LinkedEvent["event"];
}

/** The evidence stills by camera, those of each in order of time; who saw it first comes first. */
export function stillsOf(events: readonly LinkedEvent[]): Map<string, Still[]> {
  const stills = events.flatMap(({ event }) =>
    (event.data.evidence ?? []).filter((item) => item.kind === "snapshot").map((item): Still => ({ sha256: item.sha256, time: item.time, event })),
  );
  stills.sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
  const found = new Map<string, Still[]>();
  for (const still of stills) {
    const source = `${still.event.data.site}/${still.event.data.camera}`;
    const own = found.get(source) ?? [];
    if (!own.some((other) => other.sha256 === still.sha256)) found.set(source, [...own, still]);
  }
  return found;
}
