/** Who sits at this page. While there are no accounts it is somebody at the server's own machine, who may do everything. */
import { ApiError, changePassword, fetchSession, login, logout } from "./api";
import { setZone } from "./format";
import { failureOf, type Said } from "./login";
import type { Session } from "./types";

/** Nobody answers: the page shows itself, as not connected, and asks again when it is. */
const UNKNOWN: Session = { accounts: false, sign_on: false, zone: { name: "Asia/Jakarta", label: "WIB" }, user: null };
/** How long before its end a session is offered to be prolonged by logging in again. */
const WARN_MS = 15 * 60_000;

/** Who acts where there are no accounts, as the server calls him. */
const LOCAL = "operator";

class Who {
  known = $state.raw<Session | null>(null);
  /** The user wants to log in again although the session still runs. */
  renewing = $state(false);
  /** A session that was there has ended. */
  ended = $state(false);
  /** Who was logged in last, and may want to be again. */
  lastName: string | null = null;

  /** What people call the site's time zone. */
  readonly zone = $derived(this.known?.zone.label ?? UNKNOWN.zone.label);
  readonly user = $derived(this.known?.user ?? null);
  readonly me = $derived(this.user?.name ?? LOCAL);
  /** Whether the live picture may be shown. */
  readonly open = $derived(this.known !== null && (!this.known.accounts || this.known.user !== null));
  readonly asked = $derived(this.known !== null && (!this.open || this.renewing));
  readonly expires = $derived(this.user?.expires ? Date.parse(this.user.expires) : null);

  may(permission: string): boolean {
    return this.known !== null && (!this.known.accounts || (this.known.user?.permissions.includes(permission) ?? false));
  }

  endsSoon(now: number): boolean {
    return this.expires !== null && this.expires - now < WARN_MS;
  }

  /** At the start, and when the server does not let us in any more. */
  async ask(): Promise<void> {
    try {
      this.#take(await fetchSession());
    } catch {
      this.known ??= UNKNOWN;
    }
  }

  /** What went wrong, or null. Another user begins with an empty page: what the one before saw and typed is his. */
  async login(name: string, password: string): Promise<Said | null> {
    try {
      const session = await login(name, password);
      if (this.lastName !== null && session.user?.name !== this.lastName) location.reload();
      this.renewing = false;
      this.#take(session);
      return null;
    } catch (error) {
      return failureOf(error);
    }
  }

  async changePassword(current: string, fresh: string): Promise<Said | null> {
    try {
      this.#take(await changePassword(current, fresh));
      return null;
    } catch (error) {
      return failureOf(error);
    }
  }

  /** Leaves nothing behind on the screen. */
  async logout(): Promise<Said | null> {
    try {
      await logout();
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) return failureOf(error);
    }
    location.reload();
    return null;
  }

  #take(session: Session): void {
    this.ended = this.lastName !== null && session.user === null;
    this.lastName = session.user?.name ?? this.lastName;
    setZone(session.zone.name);
    this.known = session;
  }
}

export const who = new Who();
