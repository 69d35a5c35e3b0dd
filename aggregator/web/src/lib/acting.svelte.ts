/**
 * What is being done to incidents: what is asked for first, what is on its way, and what was refused. One a page.
 *
 * What is done shows at once and is taken back where the server refuses it. Steps are sent one after the other: the
 * second keystroke is meant for the state that the first one leads to.
 */
import { ACTIONS, type Action, type Deed } from "./actions";
import { act, ApiError, handOver, type Wish } from "./api";
import { foreseen, hindrance, undoable } from "./deeds";
import { desk } from "./desk.svelte";
import { who } from "./session.svelte";
import { t } from "./text.svelte";
import type { Act, Incident, State } from "./types";

export interface Confirmation {
  id: string;
  action: Action;
  reason: string;
}

/** key, values: of the catalogue. act: what somebody else did. into: the incident that this one was merged into. */
export interface Failure {
  id: string;
  key: string;
  values: Record<string, string>;
  detail: string;
  allowed: readonly State[] | null;
  act: Act | null;
  into: string | null;
  /** What was refused, to be done all the same. */
  again: (() => void) | null;
}

/** other: the incident that was picked in the list, for a merge. words: what was typed when it was refused. */
export interface Asked {
  deed: Deed["name"];
  id: string;
  other: string | null;
  words: string;
}

class Acting {
  confirmation = $state.raw<Confirmation | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** What is on its way to the server, as "id/what". */
  busy = $state.raw<ReadonlySet<string>>(new Set());
  dialog = $state.raw<Asked | null>(null);
  /** The incident that another one is picked for in the list. */
  picking = $state<string | null>(null);
  menu = $state(false);
  /** Counts the wishes to silence the selected incident's camera. */
  silenceWishes = $state(0);
  /** What was done that no incident shows, such as a hand-over. */
  said = $state("");
  #sending: Promise<void> = Promise.resolve();
  #answer: Incident | null = null;

  constructor() {
    desk.onSelect = (id) => {
      this.confirmation = null;
      this.menu = false;
      if (this.failure?.id !== id) this.failure = null;
    };
  }

  /** Does what needs no word, asks for it for the rest. What is not possible now says so. */
  act(what: Action | Deed): void {
    const incident = desk.selected;
    if (incident === null) {
      if ("name" in what && what.name === "handover" && who.may(what.needs)) this.dialog = { deed: "handover", id: "", other: null, words: "" };
      return;
    }
    const name = "to" in what ? what.to : what.name;
    if (this.busy.has(`${incident.id}/${name}`)) return;
    this.failure = null;
    if (!who.may("needs" in what ? what.needs : "incident.act")) return this.#refuse(incident, "web.error.role");
    if ("name" in what) return this.#deed(what, incident);
    if (!incident.allowed.includes(what.to)) return this.#refuse(incident, "web.error.not_allowed", incident.allowed);
    if (what.confirm) this.confirmation = { id: incident.id, action: what, reason: "" };
    else void this.send(incident.id, { path: "transition", body: { to: what.to, reason: "" } });
  }

  #deed(deed: Deed, shown: Incident): void {
    if (deed.name === "undo" && this.pending(shown.id)) {
      // The step that is meant is still on its way.
      void this.#sending.then(() => this.#deed(deed, shown));
      return;
    }
    const incident = this.#newest(shown);
    const why = hindrance(deed.name, incident, who.me, desk.now);
    if (why !== null) return this.#refuse(incident, `web.cannot.${why}`);
    if (deed.name === "menu") this.menu = !this.menu;
    else this.menu = false;
    if (deed.name === "silence") this.silenceWishes += 1;
    else if (deed.name === "merge" && this.picking !== null && this.picking !== incident.id) this.#ask("merge", this.picking, incident.id);
    else if (deed.dialog) this.#ask(deed.name, incident.id);
    else if (deed.name === "undo") void this.send(incident.id, { path: "undo", body: { number: undoable(incident, who.me, desk.now)?.number ?? 0 } });
    else if (deed.name === "take" || deed.name === "release") void this.send(incident.id, { path: deed.name, body: {} });
  }

  /** Whether something is on its way for this incident. */
  pending(id: string): boolean {
    return [...this.busy].some((step) => step.startsWith(id));
  }

  /** The server's answer, where the list does not show it yet. */
  #newest(shown: Incident): Incident {
    return this.#answer !== null && this.#answer.id === shown.id && this.#answer.revision > shown.revision ? this.#answer : shown;
  }

  #ask(deed: Deed["name"], id: string, other: string | null = null, words = ""): void {
    this.picking = null;
    this.dialog = { deed, id, other, words };
  }

  #refuse(incident: Incident, key: string, allowed: readonly State[] | null = null): void {
    this.failure = { id: incident.id, key, values: {}, detail: "", allowed, act: null, into: incident.merged_into, again: null };
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
    void this.send(pending.id, { path: "transition", body: { to: pending.action.to, reason: pending.reason.trim() } });
  }

  /** Whether anything is open here that `back` closes. */
  get open(): boolean {
    return this.confirmation !== null || this.menu || this.failure !== null || this.picking !== null;
  }

  /** Closes the topmost thing that is open here; false where nothing is. */
  back(): boolean {
    if (this.confirmation !== null) this.confirmation = null;
    else if (this.menu) this.menu = false;
    else if (this.failure !== null) this.failure = null;
    else if (this.picking !== null) this.picking = null;
    else return false;
    return true;
  }

  /** Shows at once what it will lead to. Never rejects: what goes wrong is shown. */
  async send(id: string, wish: Wish): Promise<void> {
    const step = `${id}/${wish.path === "transition" ? String(wish.body["to"]) : wish.path}`;
    const before = desk.incidents.get(id);
    const seen = before?.acted ?? desk.detail?.acted ?? 0;
    const body = ["note", "undo"].includes(wish.path) ? wish.body : { seen, ...wish.body };
    const guess = before === undefined ? undefined : foreseen(before, wish, who.me);
    if (guess !== undefined && guess !== before) desk.foresee(guess);
    this.busy = new Set([...this.busy, step]);
    this.#sending = this.#sending.then(() => this.#sendNow(id, { path: wish.path, body }, before, guess));
    this.#sending = this.#sending.then(() => {
      this.busy = new Set([...this.busy].filter((other) => other !== step));
    });
    await this.#sending;
  }

  async #sendNow(id: string, wish: Wish, before: Incident | undefined, guess: Incident | undefined): Promise<void> {
    try {
      const changed = await act(id, wish);
      changed.forEach((incident) => desk.take(incident));
      const [first] = changed;
      if (first === undefined) return;
      this.#answer = first;
      this.#done(id, wish, first);
    } catch (error) {
      const problem = ApiError.of(error);
      if (problem.incident !== null && problem.incident.id === id) desk.take(problem.incident);
      else if (before !== undefined && [guess, before].includes(desk.incidents.get(id))) desk.foresee(before);
      this.#failed(id, wish, problem);
    }
  }

  #done(id: string, wish: Wish, now: Incident): void {
    desk.announcement =
      wish.path === "transition" ? t("web.live.done", { state: t(`web.state.${now.state}`) }) : t("web.live.did", { what: t(`web.deed.${wish.path}`) });
    // Of two that were merged only one goes on.
    if (wish.path === "merge" && [id, wish.body["other"]].includes(desk.selectedId ?? "")) desk.select(now.id);
  }

  #failed(id: string, wish: Wish, problem: ApiError): void {
    if (problem.status === 401) this.#ended(id, wish);
    const known = problem.code !== null && problem.code.startsWith("actions.");
    const into = problem.code === "actions.merged" ? (problem.values["into"] ?? null) : null;
    const again = problem.code === "actions.conflict" && problem.incident !== null ? this.#again(id, wish, problem.incident) : null;
    this.failure = {
      id,
      key: known ? (problem.code ?? "") : errorKey(problem.status),
      values: problem.values,
      detail: known || problem.status <= 0 ? "" : problem.message,
      allowed: problem.allowed,
      act: problem.act,
      into,
      again,
    };
  }

  /** What was refused because of somebody else's step, where it is still possible after it. */
  #again(id: string, wish: Wish, now: Incident): (() => void) | null {
    if (wish.path === "transition" && !now.allowed.includes(wish.body["to"] as State)) return null;
    return () => {
      this.failure = null;
      void this.send(id, { path: wish.path, body: { ...wish.body, seen: now.acted } });
    };
  }

  /** The session is over: what was being done is asked for again, with the words that were typed. */
  #ended(id: string, wish: Wish): void {
    const words = String(wish.body["reason"] ?? wish.body["text"] ?? "");
    const action = ACTIONS.find((candidate) => candidate.to === wish.body["to"] && candidate.confirm);
    if (desk.selectedId === id && wish.path === "transition" && action !== undefined) this.confirmation = { id, action, reason: words };
    else if (desk.selectedId === id && wish.path === "note") this.dialog = { deed: "note", id, other: null, words };
    void who.ask();
  }

  /** What went wrong, or null: the dialog stays open with what was typed. */
  async handOver(to: string, note: string): Promise<{ key: string; values: Record<string, string> } | null> {
    try {
      const { handed, kept } = await handOver(to, note);
      handed.forEach((incident) => desk.take(incident));
      this.said = t(kept.length > 0 ? "web.deed.handed_some" : "web.deed.handed", { n: handed.length, name: to, kept: kept.length });
      desk.announcement = this.said;
      return null;
    } catch (error) {
      const problem = ApiError.of(error);
      if (problem.status === 401) void who.ask();
      return problem.code === null ? { key: errorKey(problem.status), values: {} } : { key: problem.code, values: problem.values };
    }
  }
}

/** What is said of an action that failed with this status, where the server has no sentence for it. */
export function errorKey(status: number): string {
  if (status === 409) return "web.error.conflict";
  if (status === 404) return "web.error.gone";
  if (status === 401) return "web.error.session";
  if (status === 403) return "web.error.role";
  if (status === 429) return "web.error.too_fast";
  // 0: the connection broke, perhaps only on the answer's way.
  return [0, 504].includes(status) ? "web.error.no_answer" : "web.error.failed";
}

export const acting = new Acting();
