/** What the address says: which page, which incident, and which filter, so that a link shows another what one sees. */
import { fromQuery, PLAIN, toQuery, type Filter } from "./filter";

export interface Address {
  page: "desk" | "wall";
  incident: string | null;
  filter: Filter;
}

/** hash: with its "#". What is not ours (the login's) is the plain desk. */
export function parseAddress(hash: string): Address {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const [, incident] = /^\/incident\/([0-9a-f-]{36})$/.exec(path) ?? [];
  const known = path === "/" || path === "/wall" || incident !== undefined;
  return { page: path === "/wall" ? "wall" : "desk", incident: incident ?? null, filter: known ? fromQuery(query) : PLAIN };
}

/** With its "#"; "" for the plain desk. */
export function formatAddress({ page, incident, filter }: Address): string {
  const query = toQuery(filter);
  const path = page === "wall" ? "/wall" : incident === null ? "/" : `/incident/${incident}`;
  return path === "/" && query === "" ? "" : `#${path}${query === "" ? "" : `?${query}`}`;
}
