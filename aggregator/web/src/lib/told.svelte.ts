/** What somebody did, as a sentence in the reader's language. */
import { shortId } from "./format";
import { actorText, ago, named, t } from "./text.svelte";
import { STATES, type Act, type ActName, type Change } from "./types";

function detailText(action: ActName, detail: string): string {
  if (action === "severity") return detail === "" ? t("web.did.cameras") : t(`web.severity.${detail}`);
  if (action === "kind") return detail === "" ? t("web.did.cameras") : named("kind", detail);
  if (action === "merge" || action === "split" || action === "split_from") return shortId(detail);
  return detail;
}

/** "Budi menerima insiden ini · 2 dtk lalu" */
export function actText(act: Act, now: number): string {
  const action = act.action === "state" ? `state_${act.to}` : act.action;
  return t(`web.did.${action}`, { actor: actorText(act.actor), detail: detailText(act.action, act.detail), age: ago(Date.parse(act.time), now) });
}

/** A line of the history, without who and when. */
export function changeText(change: Change): string {
  if (change.action === "undo") return t("web.history.undo", { what: t(STATES.some((state) => state === change.detail) ? `web.action.${change.detail}` : `web.deed.${change.detail}`) });
  if (change.action !== "state") return t(`web.history.${change.action}`, { detail: detailText(change.action, change.detail) });
  if (change.from === null) return `${t("web.detail.created")} · ${t(`web.state.${change.to}`)}`;
  return change.from === change.to ? t(`web.state.${change.to}`) : `${t(`web.state.${change.from}`)} → ${t(`web.state.${change.to}`)}`;
}

/** "what:how much" that makes an incident graver; places are called by their names. */
export function raisedText(reason: string): string {
  const [code = "", amount = ""] = reason.split(/:(.*)/s, 2);
  if (code !== "growth") return t(`web.raised.${code}`, { n: amount });
  const [first = "", n = ""] = amount.split("-");
  return t("web.raised.growth", { first, n });
}

/** The other incident that a line of the history leads to. */
export function changeLink(change: Change): string | null {
  return ["merge", "split", "split_from"].includes(change.action) ? change.detail : null;
}
