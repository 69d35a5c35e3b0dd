/** What is said of a login that did not work. Pure. */
import { ApiError } from "./api";

/** A key of the catalogue with its values. */
export interface Said {
  key: string;
  values: Record<string, string | number>;
}

export function failureOf(error: unknown): Said {
  if (!(error instanceof ApiError)) return { key: "web.login.failed", values: { detail: String(error) } };
  if (error.code !== null) return { key: error.code, values: error.values };
  if ([0, 504].includes(error.status)) return { key: "web.login.unreachable", values: {} };
  if (error.status === 401) return { key: "web.login.refused", values: {} };
  if (error.status === 429) return { key: "web.login.wait", values: { s: error.waitS ?? 60 } };
  return { key: "web.login.failed", values: { detail: error.message } };
}

/** Why a login at the city's own provider did not work, as the server says it behind "#/login/". */
export function signOnFailure(hash: string): Said | null {
  const [, reason] = /^#\/login\/([a-z]+)$/.exec(hash) ?? [];
  if (reason === undefined) return null;
  const known = ["provider", "expired", "role", "district", "disabled", "name", "wait"];
  return { key: `web.sign_on.${known.includes(reason) ? reason : "provider"}`, values: {} };
}
