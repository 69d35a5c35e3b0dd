/** What the queue shows: a filter as a value, as a test of an incident, and as a query that can be shared. */
import { compareIncidents } from "./order";
import { isClosed, needsAction } from "./store";
import { SEVERITIES, type Incident, type Severity } from "./types";

export type View = "action" | "handling" | "closed" | "all";
export const VIEWS: readonly View[] = ["action", "handling", "closed", "all"];

export interface Filter {
  view: View;
  /** A kind, or "" for every kind. */
  kind: string;
  /** Empty: every severity. */
  severities: readonly Severity[];
  /** "district/name", "site/name", or "" for the whole city. */
  place: string;
  /** Only what the user has taken, or was given. */
  mine: boolean;
  /** Words that all have to be found in what the row says. */
  text: string;
}

export const PLAIN: Filter = { view: "action", kind: "", severities: [], place: "", mine: false, text: "" };

/** What a filter is read against. */
export interface Surroundings {
  me: string;
  districts: Readonly<Record<string, readonly string[]>>;
  /** What the row of an incident says, in lower case. */
  words(incident: Incident): string;
}

/** Whether anything but the view narrows the queue: then it has to say so. */
export function isNarrow(filter: Filter): boolean {
  return narrowings(filter).length > 0;
}

export type Narrowing = "kind" | "severities" | "place" | "mine" | "text";

export function narrowings(filter: Filter): Narrowing[] {
  const found: Narrowing[] = [];
  if (filter.severities.length > 0) found.push("severities");
  if (filter.kind !== "") found.push("kind");
  if (filter.place !== "") found.push("place");
  if (filter.mine) found.push("mine");
  if (filter.text.trim() !== "") found.push("text");
  return found;
}

/** The sites that a place means; null for the whole city. A district that nobody knows has none. */
export function sitesOf(place: string, districts: Surroundings["districts"]): readonly string[] | null {
  if (place === "") return null;
  const at = place.indexOf("/");
  const name = place.slice(at + 1);
  return place.slice(0, at) === "site" ? [name] : (districts[name] ?? []);
}

/** A test for what narrows the filter, whatever its view. */
export function matcher(filter: Filter, around: Surroundings): (incident: Incident) => boolean {
  const sites = sitesOf(filter.place, around.districts);
  const wanted = filter.text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return (incident) =>
    (filter.kind === "" || incident.kind === filter.kind) &&
    (filter.severities.length === 0 || filter.severities.includes(incident.severity)) &&
    (sites === null || incident.sites.some((site) => sites.includes(site))) &&
    (!filter.mine || incident.owner === around.me) &&
    (wanted.length === 0 || hasAll(around.words(incident), wanted));
}

function hasAll(words: string, wanted: readonly string[]): boolean {
  return wanted.every((word) => words.includes(word));
}

export interface Queue {
  rows: Incident[];
  /** Of what the narrowing lets through, by view. */
  counts: Record<View, number>;
  /** How many need action that the narrowing hides. */
  hidden: number;
}

/** What was merged into another incident is shown there, and nowhere else. */
export function arrange(incidents: Iterable<Incident>, filter: Filter, around: Surroundings): Queue {
  const matches = matcher(filter, around);
  const counts: Record<View, number> = { action: 0, handling: 0, closed: 0, all: 0 };
  const rows: Incident[] = [];
  let hidden = 0;
  for (const incident of incidents) {
    if (incident.merged_into !== null) continue;
    const at: View = needsAction(incident) ? "action" : isClosed(incident) ? "closed" : "handling";
    if (!matches(incident)) {
      if (at === "action") hidden += 1;
      continue;
    }
    counts[at] += 1;
    counts.all += 1;
    if (filter.view === "all" || filter.view === at) rows.push(incident);
  }
  return { rows: rows.sort(compareIncidents), counts, hidden };
}

/** Only what differs from the plain queue; "" for that. */
export function toQuery(filter: Filter): string {
  const query = new URLSearchParams();
  if (filter.view !== PLAIN.view) query.set("view", filter.view);
  if (filter.severities.length > 0) query.set("severity", SEVERITIES.filter((one) => filter.severities.includes(one)).join(","));
  if (filter.kind !== "") query.set("kind", filter.kind);
  if (filter.place !== "") query.set("place", filter.place);
  if (filter.mine) query.set("mine", "1");
  if (filter.text.trim() !== "") query.set("q", filter.text.trim());
  return query.toString().replaceAll("%2C", ",").replaceAll("%2F", "/");
}

const LONGEST = 100;

/** Anybody may have written the query: what is not understood is left out. */
export function fromQuery(text: string): Filter {
  const query = new URLSearchParams(text);
  const asked = (query.get("severity") ?? "").split(",");
  const place = query.get("place") ?? "";
  const kind = query.get("kind") ?? "";
  return {
    view: VIEWS.find((view) => view === query.get("view")) ?? PLAIN.view,
    severities: SEVERITIES.filter((severity) => asked.includes(severity)),
    kind: /^[a-z_]{1,64}$/.test(kind) ? kind : "",
    place: /^(site|district)\/[a-z0-9_-]{1,64}$/.test(place) ? place : "",
    mine: query.get("mine") === "1",
    text: (query.get("q") ?? "").slice(0, LONGEST),
  };
}
