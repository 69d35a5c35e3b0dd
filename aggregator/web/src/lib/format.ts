/** Times, durations and numbers as people read them. The city's clock is Asia/Jakarta (WIB), always 24 hours. */

export type Language = "id" | "en";

const ZONE = "Asia/Jakarta";
const LOCALE: Record<Language, string> = { id: "id-ID", en: "en-GB" };

const clockFormat = new Intl.DateTimeFormat("en-GB", {
  timeZone: ZONE,
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const dayKeyFormat = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE });
const dayFormat = Object.fromEntries(
  (["id", "en"] as const).map((language) => [
    language,
    new Intl.DateTimeFormat(LOCALE[language], { timeZone: ZONE, day: "numeric", month: "short" }),
  ]),
) as Record<Language, Intl.DateTimeFormat>;
const longDayFormat = Object.fromEntries(
  (["id", "en"] as const).map((language) => [
    language,
    new Intl.DateTimeFormat(LOCALE[language], { timeZone: ZONE, weekday: "long", day: "numeric", month: "long" }),
  ]),
) as Record<Language, Intl.DateTimeFormat>;

/** "14:05:09" */
export function clock(ms: number): string {
  return clockFormat.format(ms);
}

/** "14:05:09" today, "22 Nov 14:05:09" on another day of the city's calendar. */
export function moment(ms: number, nowMs: number, language: Language): string {
  if (!Number.isFinite(ms)) return "–";
  if (dayKeyFormat.format(ms) === dayKeyFormat.format(nowMs)) return clock(ms);
  return `${dayFormat[language].format(ms)} ${clock(ms)}`;
}

/** "Senin, 23 November" */
export function longDay(ms: number, language: Language): string {
  return longDayFormat[language].format(ms);
}

const UNITS: Record<Language, { s: string; min: string; h: string; d: string }> = {
  id: { s: "dtk", min: "mnt", h: "jam", d: "hr" },
  en: { s: "s", min: "min", h: "h", d: "d" },
};

/** A length of time in at most two units: "45 dtk", "3 mnt", "2 jam 10 mnt", "3 hr". Negative counts as nought. */
export function duration(seconds: number, language: Language): string {
  const unit = UNITS[language];
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} ${unit.s}`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} ${unit.min}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} ${unit.h}` : `${hours} ${unit.h} ${minutes % 60} ${unit.min}`;
  return `${Math.floor(hours / 24)} ${unit.d}`;
}

/** As `duration`, but minutes keep their seconds: for an age that must be seen to grow. */
export function preciseDuration(seconds: number, language: Language): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60 || whole >= 3600) return duration(whole, language);
  const unit = UNITS[language];
  return `${Math.floor(whole / 60)} ${unit.min} ${whole % 60} ${unit.s}`;
}

/** Making one costs more than using it a hundred times. */
const numberFormats = new Map<string, Intl.NumberFormat>();

/** At most `digits` decimals, with the language's decimal sign. */
export function number(value: number, language: Language, digits = 1): string {
  const key = `${language}${digits}`;
  let format = numberFormats.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat(LOCALE[language], { maximumFractionDigits: digits });
    numberFormats.set(key, format);
  }
  return format.format(value);
}

export function percent(unit: number, language: Language): string {
  return new Intl.NumberFormat(LOCALE[language], { style: "percent", maximumFractionDigits: 0 }).format(unit);
}

/** Degrees to five decimals (about a metre), as any map search takes them. */
export function coordinates(lat: number, lon: number): string {
  return `${lat.toFixed(5)}, ${lon.toFixed(5)}`;
}

/** The tail of a UUID: the first half of a UUIDv7 is its time and tells neighbours apart badly. */
export function shortId(id: string): string {
  return id.slice(-6).toUpperCase();
}

/** "tanah-abang" → "Tanah Abang": a site, which is a place's proper name. */
export function placeTitle(name: string): string {
  return name
    .split(/[-_]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");
}

/** "gerbang-utara" → "Gerbang utara": a config name where nobody gave a better one. */
export function readable(name: string): string {
  const words = name.replace(/[-_]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
