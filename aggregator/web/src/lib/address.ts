/** What the address says: which view, which page, which incident, and which filter, so that a link shows another what one sees. */
import { fromQuery, PLAIN, toQuery, type Filter } from "./filter";

/** The views beside the desk, by the part of the address after "#/". Anything else is the desk. */
const BESIDE = ["reports", "audit"] as const;
export type View = (typeof BESIDE)[number] | "desk";

export function viewOf(hash: string): View {
  const [, name] = /^#\/(\w+)/.exec(hash) ?? [];
  return BESIDE.find((view) => view === name) ?? "desk";
}

export interface Address {
  page: "desk" | "wall";
  incident: string | null;
  filter: Filter;
}

/** hash: with its "#". Null where it is another page's, which this one then leaves alone. */
export function parseAddress(hash: string): Address | null {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const [, incident] = /^\/incident\/([0-9a-f-]{36})$/.exec(path) ?? [];
  if (path === "/wall") return { page: "wall", incident: null, filter: fromQuery(query) };
  if (incident !== undefined || path === "/" || path === "") return { page: "desk", incident: incident ?? null, filter: fromQuery(query) };
  // What the login said, and what lies about an incident that cannot be one.
  return /^\/(login|incident)\//.test(path) ? { page: "desk", incident: null, filter: PLAIN } : null;
}

/** With its "#"; "" for the plain desk. */
export function formatAddress({ page, incident, filter }: Address): string {
  const query = toQuery(filter);
  const path = page === "wall" ? "/wall" : incident === null ? "/" : `/incident/${incident}`;
  return path === "/" && query === "" ? "" : `#${path}${query === "" ? "" : `?${query}`}`;
}
