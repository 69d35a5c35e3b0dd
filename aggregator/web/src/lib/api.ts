/** The few requests the page makes besides the live stream. All go to the origin the page came from. */
import { reportPath, type Range, type Report, type ReportName } from "./report";
import type { AuditPage, AuditQuery, AuditVerified } from "./auditTypes";
import type {
  Act,
  Around,
  Assignee,
  Incident,
  IncidentDetail,
  Precision,
  Role,
  Roster,
  Session,
  Silence,
  SilenceWish,
  State,
  Suppressed,
} from "./types";

const BASE = "/api/v1";
const LONGEST_LOOK_MS = 15_000;
export const STREAM_URL = `${BASE}/stream`;

export function evidenceUrl(sha256: string): string {
  return `${BASE}/evidence/${encodeURIComponent(sha256)}`;
}

/**
 * A refused or failed request. `allowed` is what a 409 says the incident may become instead; `code` and
 * `values` a sentence of the catalogue; `waitS` how long a 429 asks to wait; `act` who was in the way; `incident` as it
 * is now.
 */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly allowed: readonly State[] | null = null,
    readonly code: string | null = null,
    readonly waitS: number | null = null,
    readonly values: Record<string, string> = {},
    readonly act: Act | null = null,
    readonly incident: Incident | null = null,
  ) {
    super(message);
  }

  /** What else goes wrong has no status. */
  static of(error: unknown): ApiError {
    return error instanceof ApiError ? error : new ApiError(-1, String(error));
  }
}

export async function fetchIncident(id: string, signal: AbortSignal): Promise<IncidentDetail> {
  // A connection that was cut off silently would keep it waiting for minutes.
  const patient = AbortSignal.any([signal, AbortSignal.timeout(LONGEST_LOOK_MS)]);
  return (await read(`/incidents/${encodeURIComponent(id)}`, patient)) as IncidentDetail;
}

/** What shows that a request comes from this page; the session's cookie alone does nothing but read. */
let csrf = "";

/** What somebody does with an incident, as the last part of its address and its body. */
export interface Wish {
  path: "transition" | "take" | "assign" | "release" | "note" | "severity" | "kind" | "merge" | "split" | "undo";
  body: Record<string, unknown>;
}

/** Raises ApiError: 409 where somebody else was faster or it cannot be done, 0 where the aggregator cannot be reached. */
export async function act(id: string, wish: Wish): Promise<Incident[]> {
  const told = await send("POST", `/incidents/${encodeURIComponent(id)}/${wish.path}`, { actor: "operator", ...wish.body });
  if (wish.path !== "split") return [told as Incident];
  const both = told as { incident: Incident; split: Incident };
  return [both.incident, both.split];
}

/** Everything in hand goes to somebody else; what he does not see is kept. */
export async function handOver(to: string, note: string): Promise<{ handed: Incident[]; kept: Incident[] }> {
  return (await send("POST", "/handover", { to, note })) as { handed: Incident[]; kept: Incident[] };
}

/** Who may act on this incident, or on any. */
export async function fetchAssignees(incident: string | null): Promise<Assignee[]> {
  const query = incident === null ? "" : `?incident=${encodeURIComponent(incident)}`;
  return ((await read(`/assignees${query}`)) as { items: Assignee[] }).items;
}

export async function fetchRelated(id: string, signal: AbortSignal): Promise<Around> {
  return (await read(`/incidents/${encodeURIComponent(id)}/related`, signal)) as Around;
}

/** Events of a site that raised no fresh alarm, in a span of time, the latest first. */
export async function fetchSuppressedAt(site: string, since: number, until: number, signal: AbortSignal): Promise<Suppressed[]> {
  const query = new URLSearchParams({ site, since: new Date(since).toISOString(), until: new Date(until).toISOString(), limit: "200" });
  return ((await read(`/suppressed?${query}`, signal)) as { items: Suppressed[] }).items;
}

/** Raises ApiError: 409 where such a silence makes no sense. */
export async function silence(wish: SilenceWish): Promise<Silence> {
  return (await send("POST", "/silences", { ...wish, actor: "operator" })) as Silence;
}

export async function endSilence(id: string): Promise<Silence> {
  return (await send("POST", `/silences/${encodeURIComponent(id)}/end`, { actor: "operator" })) as Silence;
}

/** Asks for the clip of an event; `sha256` is null until it has come. Raises ApiError: 409 where its agent is away. */
export async function askClip(event: string): Promise<{ sha256: string | null }> {
  return (await send("POST", `/events/${encodeURIComponent(event)}/clip`, {})) as { sha256: string | null };
}

export async function fetchClip(sha256: string): Promise<Blob> {
  const response = await get(evidenceUrl(sha256));
  if (!response.ok) throw new ApiError(response.status, response.statusText);
  return response.blob();
}

export async function fetchPrecision(signal: AbortSignal): Promise<Precision[]> {
  return ((await read("/precision", signal)) as { items: Precision[] }).items;
}

/** So many are looked at: of more, the latest. */
export const MOST_SUPPRESSED = 500;

/** Events since then that raised no fresh alarm, the latest first. */
export async function fetchSuppressed(since: number, signal: AbortSignal): Promise<Suppressed[]> {
  const query = new URLSearchParams({ since: new Date(since).toISOString(), limit: String(MOST_SUPPRESSED) });
  return ((await read(`/suppressed?${query}`, signal)) as { items: Suppressed[] }).items;
}

/** Raises ApiError: 409 with the code of a sentence where there is no such report. */
export async function fetchReport(name: ReportName, range: Range, signal: AbortSignal): Promise<Report> {
  return (await answer(await get(reportPath(name, range), signal))) as Report;
}

/** The latest first; `before` is the number of the last record of the page before. */
export async function fetchAudit(query: AuditQuery, before: number | null, signal: AbortSignal): Promise<AuditPage> {
  const given = Object.entries({ ...query, before: before === null ? "" : String(before) }).filter(([, value]) => value !== "");
  return (await read(`/audit?${new URLSearchParams(given)}`, signal)) as AuditPage;
}

/** Reads the whole chain, which may take a while. */
export async function verifyAudit(anchor: string): Promise<AuditVerified> {
  return (await send("POST", "/audit/verify", anchor === "" ? {} : { anchor }, 600_000)) as AuditVerified;
}

export const AUDIT_EXPORT = `${BASE}/audit/export`;

async function read(path: string, signal?: AbortSignal): Promise<unknown> {
  return answer(await get(BASE + path, signal));
}

/** Raises ApiError with 0 where the aggregator cannot be reached; what was called off says so itself. */
async function get(address: string, signal?: AbortSignal): Promise<Response> {
  try {
    return await fetch(address, signal === undefined ? {} : { signal });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ApiError(0, "unreachable");
  }
}

export async function fetchSession(): Promise<Session> {
  return opened(await read("/session", AbortSignal.timeout(10_000)));
}

/** Raises ApiError: 401 where name and password do not match, 429 after too many attempts, 0 where nobody answers. */
export async function login(name: string, password: string): Promise<Session> {
  return opened(await send("POST", "/session", { name, password }));
}

export async function logout(): Promise<void> {
  await send("DELETE", "/session");
}

export async function changePassword(current: string, fresh: string): Promise<Session> {
  return opened(await send("POST", "/session/password", { current, new: fresh }));
}

export async function fetchUsers(): Promise<Roster> {
  return (await read("/users")) as Roster;
}

export async function addUser(name: string, role: Role, password: string, districts: string[]): Promise<void> {
  await send("POST", "/users", { name, role, password, districts });
}

export async function changeUser(name: string, change: { role?: Role; disabled?: boolean }): Promise<void> {
  await send("POST", `/users/${encodeURIComponent(name)}`, change);
}

function opened(value: unknown): Session {
  const session = value as Session;
  csrf = session.user?.csrf ?? "";
  return session;
}

async function send(method: string, path: string, body?: unknown, longestMs = 10_000): Promise<unknown> {
  let answered = false;
  try {
    const response = await fetch(`${BASE}${path}`, {
      method,
      headers: { "content-type": "application/json", ...(csrf === "" ? {} : { "x-csrf-token": csrf }) },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(longestMs),
    });
    answered = true;
    return await answer(response);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    // Whether it was done before the answer was lost, nobody knows here.
    if (answered || (error instanceof DOMException && error.name === "TimeoutError")) throw new ApiError(504, "");
    throw new ApiError(0, "unreachable");
  }
}

async function answer(response: Response): Promise<unknown> {
  if (response.ok) return response.status === 204 ? null : response.json();
  const problem: unknown = await response.json().catch(() => null);
  const { detail, allowed, code, values, act, incident } = (problem ?? {}) as {
    detail?: unknown;
    allowed?: State[];
    code?: unknown;
    values?: Record<string, string>;
    act?: Act | null;
    incident?: Incident | null;
  };
  const wait = Number(response.headers.get("retry-after") ?? Number.NaN);
  throw new ApiError(
    response.status,
    typeof detail === "string" ? detail : response.statusText,
    allowed ?? null,
    typeof code === "string" ? code : null,
    Number.isFinite(wait) ? wait : null,
    values ?? {},
    act ?? null,
    incident ?? null,
  );
}
