/** Whether what the screen shows can be believed now. Pure: times are milliseconds of one monotonic clock. */

/** The aggregator's heartbeat comes every 10 s: one and a half of them missed is late, two and a half is lost. */
export const LATE_MS = 15_000;
export const LOST_MS = 25_000;
/** A connection that the browser itself reports as broken gets this long to come back before the banner shows. */
export const GRACE_MS = 3_000;

export type LinkPhase = "connecting" | "live" | "late" | "lost";

export interface LinkFacts {
  startedAt: number;
  /** When anything last arrived; null before the first message. */
  heardAt: number | null;
  /** Since when the connection is known to be broken; null while it is up. */
  downSince: number | null;
}

export function linkPhase(facts: LinkFacts, now: number): LinkPhase {
  if (facts.heardAt === null) return now - facts.startedAt <= GRACE_MS ? "connecting" : "lost";
  const silence = now - facts.heardAt;
  if (silence > LOST_MS) return "lost";
  if (facts.downSince !== null) return now - facts.downSince > GRACE_MS ? "lost" : "late";
  return silence > LATE_MS ? "late" : "live";
}

/** How old the data on the screen is, in seconds. */
export function dataAge(facts: LinkFacts, now: number): number {
  return (now - (facts.heardAt ?? facts.startedAt)) / 1000;
}

/**
 * Wait before what failed is tried again (attempt 0, 1, 2 …): 1, 2, 4, then every 5 s, or what the server asked for, and up to
 * twice as long by chance (0..1): where the server goes away all pages fail at once, and shall not come back at once.
 */
export function retryDelay(attempt: number, chance: number, waitS: number | null = null): number {
  return Math.max(Math.min(5000, 1000 * 2 ** Math.min(attempt, 4)), 1000 * (waitS ?? 0)) * (1 + chance);
}
