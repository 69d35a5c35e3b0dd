/** The few requests the page makes besides the live stream. All go to the origin the page came from. */
import type { Incident, IncidentDetail, State } from "./types";

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
  let response: Response;
  try {
    response = await fetch(`${BASE}/incidents/${encodeURIComponent(id)}/transition`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ to, reason, actor: "operator" }),
      signal: AbortSignal.timeout(10_000),
    });
  } catch {
    throw new ApiError(0, "unreachable");
  }
  return (await answer(response)) as Incident;
}

async function answer(response: Response): Promise<unknown> {
  if (response.ok) return response.json();
  const problem: unknown = await response.json().catch(() => null);
  const { detail, allowed } = (problem ?? {}) as { detail?: unknown; allowed?: State[] };
  throw new ApiError(response.status, typeof detail === "string" ? detail : response.statusText, allowed ?? null);
}
