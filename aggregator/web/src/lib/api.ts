/** The few requests the page makes besides the live stream. All go to the origin the page came from. */
import type { Incident, IncidentDetail, Precision, Silence, SilenceWish, State, Suppressed } from "./types";

const BASE = "/api/v1";
export const STREAM_URL = `${BASE}/stream`;

export function evidenceUrl(sha256: string): string {
  return `${BASE}/evidence/${encodeURIComponent(sha256)}`;
}

/** A refused or failed request. `allowed` is what a 409 says the incident may become instead. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly allowed: readonly State[] | null = null,
  ) {
    super(message);
  }
}

export async function fetchIncident(id: string, signal: AbortSignal): Promise<IncidentDetail> {
  const response = await fetch(`${BASE}/incidents/${encodeURIComponent(id)}`, { signal });
  return (await answer(response)) as IncidentDetail;
}

/** Raises ApiError: 409 where somebody else was faster, 0 where the aggregator cannot be reached. */
export async function transition(id: string, to: State, reason: string): Promise<Incident> {
  return (await post(`/incidents/${encodeURIComponent(id)}/transition`, { to, reason, actor: "operator" })) as Incident;
}

/** Raises ApiError: 409 where such a silence makes no sense. */
export async function silence(wish: SilenceWish): Promise<Silence> {
  return (await post("/silences", { ...wish, actor: "operator" })) as Silence;
}

export async function endSilence(id: string): Promise<Silence> {
  return (await post(`/silences/${encodeURIComponent(id)}/end`, { actor: "operator" })) as Silence;
}

export async function fetchPrecision(signal: AbortSignal): Promise<Precision[]> {
  return ((await answer(await fetch(`${BASE}/precision`, { signal }))) as { items: Precision[] }).items;
}

/** Events since then that raised no fresh alarm, the latest first. */
export async function fetchSuppressed(since: number, signal: AbortSignal): Promise<Suppressed[]> {
  const query = new URLSearchParams({ since: new Date(since).toISOString(), limit: "500" });
  return ((await answer(await fetch(`${BASE}/suppressed?${query}`, { signal }))) as { items: Suppressed[] }).items;
}

async function post(path: string, body: unknown): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(`${BASE}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
  } catch {
    throw new ApiError(0, "unreachable");
  }
  return answer(response);
}

async function answer(response: Response): Promise<unknown> {
  if (response.ok) return response.json();
  const problem: unknown = await response.json().catch(() => null);
  const { detail, allowed } = (problem ?? {}) as { detail?: unknown; allowed?: State[] };
  throw new ApiError(response.status, typeof detail === "string" ? detail : response.statusText, allowed ?? null);
}
