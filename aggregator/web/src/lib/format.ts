/** Times, durations and numbers as people read them. The clock is the site's, always 24 hours. */

export type Language = "id" | "en";

const LOCALE: Record<Language, string> = { id: "id-ID", en: "en-GB" };

interface Formats {
  clock: Intl.DateTimeFormat;
  dayKey: Intl.DateTimeFormat;
  parts: Intl.DateTimeFormat;
  day: Record<Language, Intl.DateTimeFormat>;
  longDay: Record<Language, Intl.DateTimeFormat>;
}

function formatsOf(timeZone: string): Formats {
  const both = (options: Intl.DateTimeFormatOptions): Record<Language, Intl.DateTimeFormat> => ({
    id: new Intl.DateTimeFormat(LOCALE.id, { timeZone, ...options }),
    en: new Intl.DateTimeFormat(LOCALE.en, { timeZone, ...options }),
  });
  const digits = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
  return {
    clock: new Intl.DateTimeFormat("en-GB", { timeZone, ...digits }),
    dayKey: new Intl.DateTimeFormat("en-CA", { timeZone }),
    parts: new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit", ...digits }),
    day: both({ day: "numeric", month: "short" }),
    longDay: both({ weekday: "long", day: "numeric", month: "long" }),
  };
}

let formats = formatsOf("Asia/Jakarta");

/** From the session on, the site's own zone: an IANA name. One that this browser does not know changes nothing. */
export function setZone(name: string): void {
  try {
    formats = formatsOf(name);
  } catch {
    // RangeError: an old browser; the aggregator's config was checked.
  }
}

/** "14:05:09" */
export function clock(ms: number): string {
  return formats.clock.format(ms);
}

/** "14:05:09" today, "22 Nov 14:05:09" on another day of the city's calendar. */
export function moment(ms: number, nowMs: number, language: Language): string {
  if (!Number.isFinite(ms)) return "–";
  if (formats.dayKey.format(ms) === formats.dayKey.format(nowMs)) return clock(ms);
  return `${formats.day[language].format(ms)} ${clock(ms)}`;
}

/** "Senin, 23 November" */
export function longDay(ms: number, language: Language): string {
  return formats.longDay[language].format(ms);
}

/** "26 Nov 14:05": to the minute, whatever day it is. */
export function stamp(ms: number, language: Language): string {
  return `${formats.day[language].format(ms)} ${clock(ms).slice(0, 5)}`;
}

/** "26 Nov" */
export function shortDay(ms: number, language: Language): string {
  return formats.day[language].format(ms);
}

/** "2026-11-26T14:05" in the site's zone, as an input of type datetime-local has it. */
export function localInput(ms: number): string {
  const part = Object.fromEntries(formats.parts.formatToParts(ms).map(({ type, value }) => [type, value]));
  return `${part["year"]}-${part["month"]}-${part["day"]}T${part["hour"]}:${part["minute"]}`;
}

/** The moment at which the site's clocks show that; NaN for nothing. */
export function fromLocalInput(text: string): number {
  // Browsers take ":00Z" for a time of the year 2000.
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text)) return Number.NaN;
  const asUtc = Date.parse(`${text}:00Z`);
  const offset = Date.parse(`${localInput(asUtc)}:00Z`) - asUtc;
  const first = asUtc - offset;
  // Where clocks change between, the offset is another there.
  return asUtc - (Date.parse(`${localInput(first)}:00Z`) - first);
}

const UNITS: Record<Language, { s: string; min: string; h: string; d: string }> = {
  id: { s: "dtk", min: "mnt", h: "jam", d: "hari" },
  en: { s: "s", min: "min", h: "h", d: "d" },
};

/** A length of time in at most two units: "45 dtk", "3 mnt", "2 jam 10 mnt", "3 hari 4 jam". Negative counts as nought. */
export function duration(seconds: number, language: Language): string {
  const unit = UNITS[language];
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} ${unit.s}`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} ${unit.min}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} ${unit.h}` : `${hours} ${unit.h} ${minutes % 60} ${unit.min}`;
  return hours % 24 === 0 ? `${hours / 24} ${unit.d}` : `${Math.floor(hours / 24)} ${unit.d} ${hours % 24} ${unit.h}`;
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
  return numberFormat("decimal", language, digits).format(value);
}

export function percent(unit: number, language: Language, digits = 0): string {
  return numberFormat("percent", language, digits).format(unit);
}

function numberFormat(style: "decimal" | "percent", language: Language, digits: number): Intl.NumberFormat {
  const key = `${style}${language}${digits}`;
  let format = numberFormats.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat(LOCALE[language], { style, maximumFractionDigits: digits });
    numberFormats.set(key, format);
  }
  return format;
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
