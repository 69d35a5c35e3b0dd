/** Sentences and formats in the operator's present language; reading them in a component makes it follow a change. */
import * as catalogue from "./catalogue";
import * as format from "./format";
import { preferences } from "./preferences.svelte";
import type { Missed } from "./missed";
import type { Camera, Measure, Witness } from "./types";

export function t(key: string, values: Record<string, string | number> = {}): string {
  return catalogue.render(key, preferences.language, values);
}

/** `prefix.name` where the catalogue has it, else the name itself made readable (rules and measures can be new). */
export function named(prefix: string, name: string): string {
  const key = `${prefix}.${name}`;
  return catalogue.has(key) ? t(key) : format.readable(name);
}

export const moment = (ms: number, now: number): string => format.moment(ms, now, preferences.language);
export const duration = (seconds: number): string => format.duration(seconds, preferences.language);
export const preciseDuration = (seconds: number): string => format.preciseDuration(seconds, preferences.language);
export const number = (value: number, digits = 1): string => format.number(value, preferences.language, digits);
export const percent = (unit: number, digits = 0): string => format.percent(unit, preferences.language, digits);
export const stamp = (ms: number): string => format.stamp(ms, preferences.language);
export const shortDay = (ms: number): string => format.shortDay(ms, preferences.language);
export const longDay = (ms: number): string => format.longDay(ms, preferences.language);

export const placeTitleOf = (name: string): string => (name === "" ? t("reports.no_district") : format.placeTitle(name));

/** "3 mnt lalu", and "baru saja" below five seconds. */
export function ago(ms: number, now: number): string {
  const seconds = (now - ms) / 1000;
  return seconds < 5 ? t("web.age.now") : t("web.age.ago", { age: duration(seconds) });
}

/** A code with an optional argument after a colon, as the aggregator gives its reasons; other words stay as they are. */
export function reasonText(reason: string): string {
  const [code = "", argument = ""] = reason.split(":", 2);
  const key = `web.change.${code}`;
  return catalogue.has(key) ? t(key, { id: format.shortId(argument) }) : reason;
}

/** Who did something: a word of ours, or the name of an account as it is. */
export function actorText(actor: string): string {
  const key = `web.actor.${actor}`;
  return catalogue.has(key) ? t(key) : actor;
}

/** Why an incident is kept at suspected: a code with an optional number after a colon. */
export function doubtText(doubt: string): string {
  const [code = "", amount = ""] = doubt.split(":", 2);
  const key = `web.doubt.${code}`;
  return catalogue.has(key) ? t(key, { n: number(Number(amount)) }) : doubt;
}

/** What verdicts have shown of a source, by its camera's name. Of less than half a verdict (what several told says little of one) no share is said. */
export function witnessText(witness: Witness, camera: string): string {
  return t(witness.verdicts < 0.5 ? "web.doubt.unjudged" : "web.doubt.witness", {
    camera,
    kind: witness.kind === null ? "" : named("kind", witness.kind),
    right: percent(witness.precision ?? 0),
    n: number(witness.verdicts, 0),
    told: percent(witness.told),
    counts: percent(witness.counts),
  });
}

/**
 * A sentence from elsewhere: a value whose name ends in `_s` is a duration. words: the same in English, for a page that was
 * opened before its aggregator was renewed and has no such key.
 */
export function said(sentence: catalogue.Sentence, words = sentence.key): string {
  if (!catalogue.has(sentence.key)) return words;
  const written = ([name, value]: [string, string | number]): [string, string] => {
    if (typeof value === "string") return [name, value];
    return [name, name.endsWith("_s") ? duration(value) : number(value)];
  };
  return t(sentence.key, Object.fromEntries(Object.entries(sentence.values).map(written)));
}

/** Seconds since its last picture; its age was true when the agent last reported. Null where nobody knows. */
export function silence(camera: Camera, now: number): number | null {
  if (camera.last_frame_age_s === null || camera.last_seen === null) return null;
  return camera.last_frame_age_s + (now - Date.parse(camera.last_seen)) / 1000;
}

/** A camera's reason as it is now; where it is no sentence of the catalogue, the agent's own words. */
export function cameraReason(camera: Camera, now: number): string {
  if (!camera.why) return camera.reason;
  const silent_s = camera.why.key === "camera.no_picture" ? silence(camera, now) : null;
  return said(silent_s === null ? camera.why : { ...camera.why, values: { silent_s } }, camera.reason);
}

/** Until when: the time alone today, with its day else. */
export function until(ms: number, now: number): string {
  return shortDay(ms) === shortDay(now) ? format.clock(ms) : stamp(ms);
}

/** A measured value or its threshold with its unit. Small ones keep more decimals: a share of the picture is no 0. */
export function quantity(value: number, unit: string): string {
  const size = Math.abs(value);
  const text = number(value, size < 0.1 ? 4 : size < 10 ? 2 : 1);
  const key = `web.unit.${unit}`;
  if (unit === "") return text;
  return `${text} ${catalogue.has(key) ? t(key) : unit}`;
}

/** The measured value in words: a direction is no number. */
export function measured(measure: Measure): string {
  if (measure.name === "direction") return t(measure.value > 0 ? "web.direction.forward" : "web.direction.backward");
  return quantity(measure.value, measure.unit ?? "");
}

/** "Lama di zona: 12,4 dtk (ambang 8 dtk)" */
export function measureSentence(measure: Measure): string {
  const values = { name: named("web.measure", measure.name), value: measured(measure) };
  if (measure.threshold === null || measure.threshold === undefined) return t("web.why.measured", values);
  return t("web.why.measured_against", { ...values, threshold: quantity(measure.threshold, measure.unit ?? "") });
}

/** "12 perubahan, 2 insiden baru selama terputus 40 dtk" */
export function missedText(missed: Missed): string {
  const values = { age: duration(missed.awaySeconds), changes: missed.changes, fresh: missed.fresh, closed: missed.closed, stopped: missed.stopped };
  const parts = [t(missed.changes === 0 ? "web.missed.nothing" : "web.missed.changes", values)];
  if (missed.fresh > 0) parts.push(t("web.missed.fresh", values));
  if (missed.closed > 0) parts.push(t("web.missed.closed", values));
  if (missed.stopped > 0) parts.push(t("web.missed.stopped", values));
  return `${t(missed.anew ? "web.missed.anew" : "web.missed.away", values)}: ${parts.join(", ")}`;
}
