/** What is being done to the selected incident: confirmations, what is on its way, and what was refused. One a page. */
import { ACTIONS, type Action } from "./actions";
import { ApiError, transition } from "./api";
import { desk } from "./desk.svelte";
import { who } from "./session.svelte";
import { t } from "./text.svelte";
import type { State } from "./types";

export interface Confirmation {
  id: string;
  action: Action;
  reason: string;
}

export interface Failure {
  id: string;
  key: string;
  detail: string;
  allowed: readonly State[] | null;
}

class Acting {
  confirmation = $state.raw<Confirmation | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** What is on its way to the server, as "id/state". */
  busy = $state.raw<ReadonlySet<string>>(new Set());
  #sending: Promise<void> = Promise.resolve();

  constructor() {
    desk.onSelect = (id) => {
      this.confirmation = null;
      if (this.failure?.id !== id) this.failure = null;
    };
  }

  /** Does what needs no confirmation, opens the confirmation for the rest. What is not allowed now says so. */
  act(action: Action): void {
    const incident = desk.selected;
    if (incident === null || this.busy.has(`${incident.id}/${action.to}`)) return;
    this.failure = null;
    if (!who.may("incident.act")) {
      this.failure = { id: incident.id, key: "web.error.role", detail: "", allowed: null };
      return;
    }
    if (!incident.allowed.includes(action.to)) {
      this.failure = { id: incident.id, key: "web.error.not_allowed", detail: "", allowed: incident.allowed };
      return;
    }
    if (action.confirm) this.confirmation = { id: incident.id, action, reason: "" };
    else void this.#send(incident.id, action.to, "");
  }

  choose(index: number): void {
    const key = this.confirmation?.action.reasons[index];
    if (this.confirmation === null || key === undefined) return;
    this.confirmation = { ...this.confirmation, reason: t(key) };
    this.confirm();
  }

  writeReason(reason: string): void {
    if (this.confirmation !== null) this.confirmation = { ...this.confirmation, reason };
  }

  confirm(): void {
    const pending = this.confirmation;
    if (pending === null || (pending.action.reasonRequired && pending.reason.trim() === "")) return;
    this.confirmation = null;
    void this.#send(pending.id, pending.action.to, pending.reason.trim());
  }

  /** Closes the topmost thing that is open here; false where nothing is. */
  back(): boolean {
    if (this.confirmation !== null) this.confirmation = null;
    else if (this.failure !== null) this.failure = null;
    else return false;
    return true;
  }

  /** One after the other: the second keystroke is meant for the state that the first one leads to. */
  async #send(id: string, to: State, reason: string): Promise<void> {
    const step = `${id}/${to}`;
    this.busy = new Set([...this.busy, step]);
    this.#sending = this.#sending.then(() => this.#sendNow(id, to, reason));
    await this.#sending;
    this.busy = new Set([...this.busy].filter((other) => other !== step));
  }

  /** Never rejects: what goes wrong is shown. */
  async #sendNow(id: string, to: State, reason: string): Promise<void> {
    try {
      desk.take(await transition(id, to, reason));
      desk.announcement = t("web.live.done", { state: t(`web.state.${to}`) });
    } catch (error) {
      const problem = error instanceof ApiError ? error : new ApiError(-1, String(error));
      if (problem.status === 401) this.#ended(id, to, reason);
      this.failure = { id, key: errorKey(problem.status), detail: problem.status > 0 ? problem.message : "", allowed: problem.allowed };
    }
  }

  /** The session is over: what was being done is asked for again, with the words that were typed. */
  #ended(id: string, to: State, reason: string): void {
    const action = ACTIONS.find((candidate) => candidate.to === to && candidate.confirm);
    if (action !== undefined && desk.selectedId === id) this.confirmation = { id, action, reason };
    void who.ask();
  }
}

function errorKey(status: number): string {
  if (status === 409) return "web.error.conflict";
  if (status === 404) return "web.error.gone";
  if (status === 401) return "web.error.session";
  if (status === 403) return "web.error.role";
  return status === 0 ? "web.error.unreachable" : "web.error.failed";
}

export const acting = new Acting();
