/** Named filters that the operator keeps. Pure: they are read from text and written as text. */
import { fromQuery, toQuery, type Filter } from "./filter";

export interface SavedView {
  name: string;
  /** As in the address. */
  query: string;
}

export const MOST_VIEWS = 20;
export const LONGEST_NAME = 40;

/** Whatever lies in the browser's storage; what is no saved view is left out. */
export function parseViews(text: string | null): SavedView[] {
  let found: unknown;
  try {
    found = JSON.parse(text ?? "[]");
  } catch {
    return [];
  }
  if (!Array.isArray(found)) return [];
  const views: SavedView[] = [];
  for (const one of found as unknown[]) {
    const { name, query } = (one ?? {}) as Record<string, unknown>;
    if (typeof name !== "string" || typeof query !== "string" || tidy(name) === "") continue;
    if (!views.some((other) => other.name === tidy(name))) views.push({ name: tidy(name), query: toQuery(fromQuery(query)) });
  }
  return views.slice(0, MOST_VIEWS);
}

/** The views with this one; the same name takes the place of what had it. The oldest goes where there are too many. */
export function keep(views: readonly SavedView[], name: string, filter: Filter): SavedView[] {
  const fresh = { name: tidy(name), query: toQuery(filter) };
  if (fresh.name === "") return [...views];
  const at = views.findIndex((view) => view.name === fresh.name);
  if (at >= 0) return views.map((view, index) => (index === at ? fresh : view));
  return [...views, fresh].slice(-MOST_VIEWS);
}

export function forget(views: readonly SavedView[], name: string): SavedView[] {
  return views.filter((view) => view.name !== name);
}

/** The saved view that shows just this, if there is one. */
export function shown(views: readonly SavedView[], filter: Filter): SavedView | null {
  const query = toQuery(filter);
  return views.find((view) => view.query === query) ?? null;
}

function tidy(name: string): string {
  return name.trim().replace(/\s+/g, " ").slice(0, LONGEST_NAME);
}
