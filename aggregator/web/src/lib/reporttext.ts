/** How each value of a report's table is written. */
import { has } from "./catalogue";
import { placeTitle, shortId } from "./format";
import type { Column, Value } from "./report";
import { actorText, duration, named, number, percent, reasonText, said, stamp, t } from "./text.svelte";

const PREFIX: Record<string, string> = {
  kind: "kind",
  severity: "web.severity",
  state: "web.state",
  suppressed: "web.suppressed",
  camera_state: "web.camera_state",
  outcome: "reports.outcome",
  step: "reports.step",
};
/** One value in words; a dash for nothing. */
export function written(column: Column, value: Value | undefined): string {
  if (column.type === "bin") return value === null ? t("reports.above") : `≤ ${duration(Number(value))}`;
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") {
    if (column.type === "seconds") return duration(value);
    if (column.type === "share") return percent(value, value > 0 && value < 1 ? 1 : 0);
    return number(value);
  }
  if (typeof value === "object") return said(value);
  return words(column, value);
}

function words(column: Column, value: string): string {
  switch (column.type) {
    case "time":
    case "span":
      return stamp(Date.parse(value));
    case "place":
      return value === "" ? (column.key === "district" ? t("reports.no_district") : "–") : value.split(", ").map(placeTitle).join(", ");
    case "incident":
      return shortId(value);
    case "actor":
      return actorText(value);
    case "action":
      return actionText(value);
    case "false_reason":
      return falseReason(value);
  }
  if (column.key === "words") return reasonText(value);
  const prefix = PREFIX[column.type];
  return value === "" ? "–" : prefix === undefined ? value : named(prefix, value);
}

/** A reason that the page offers, or somebody's own words. */
function falseReason(reason: string): string {
  const key = `web.reason.${reason}`;
  return has(key) ? t(key) : reason === "" ? "–" : reason;
}

/** "looked at a picture"; a code that is new shows itself. */
export function actionText(action: string): string {
  const key = `reports.action.${action}`;
  return has(key) ? t(key) : action;
}
