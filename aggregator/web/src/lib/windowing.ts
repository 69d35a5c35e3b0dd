/** The rows of a fixed-height list that must exist for a given scroll position, and how to keep a row where it is. */

export interface Slice {
  first: number;
  /** Exclusive. */
  last: number;
}

export function visibleSlice(scrollTop: number, viewport: number, row: number, total: number, overscan = 6): Slice {
  const first = Math.max(0, Math.floor(scrollTop / row) - overscan);
  const last = Math.min(total, Math.ceil((scrollTop + viewport) / row) + overscan);
  return { first: Math.min(first, total), last: Math.max(last, Math.min(first, total)) };
}

/**
 * The scroll position that keeps `anchor` under the operator's eyes (and pointer) after the order changed.
 *
 * Null where nothing needs to move: the anchor left the list, or did not change its index.
 */
export function anchoredScroll(
  scrollTop: number,
  row: number,
  before: readonly string[],
  after: readonly string[],
  anchor: string,
): number | null {
  const from = before.indexOf(anchor);
  const to = after.indexOf(anchor);
  if (from < 0 || to < 0 || from === to) return null;
  return Math.max(0, scrollTop + (to - from) * row);
}

/** The scroll position that shows row `index` whole with one neighbour where possible, moving as little as it can. */
export function revealScroll(scrollTop: number, viewport: number, row: number, index: number): number {
  const top = index * row;
  if (top < scrollTop + row) return Math.max(0, top - row);
  if (top + 2 * row > scrollTop + viewport) return top + 2 * row - viewport;
  return scrollTop;
}

/**
 * The id `step` rows from `current`. Where that has left the list, its neighbours closed up at `cursor`, the index it had: one
 * step down is the row that took its place.
 */
export function neighbour(ids: readonly string[], current: string | null, step: number, cursor = 0): string | null {
  if (ids.length === 0) return null;
  const at = current === null ? -1 : ids.indexOf(current);
  const from = at >= 0 ? at + step : step > 0 ? cursor + step - 1 : cursor + step;
  return ids[Math.min(ids.length - 1, Math.max(0, from))] ?? null;
}
