/** The repository's one catalogue of sentences (contract/catalogue), read at build time. */
import type { Language } from "./format";

/** A sentence of the catalogue from elsewhere (contract/sentence.py). */
export interface Sentence {
  key: string;
  values: Record<string, string | number>;
}

export type Catalogue = Record<string, Record<Language, string>>;

const parts = import.meta.glob<Catalogue>("../../../../contract/catalogue/*.json", { eager: true, import: "default" });

export const CATALOGUE: Catalogue = Object.assign({}, ...Object.values(parts)) as Catalogue;

/** The sentence with its {placeholders} filled. An unknown key shows itself, so that a gap is seen and not hidden. */
export function render(key: string, language: Language, values: Record<string, string | number> = {}): string {
  const template = CATALOGUE[key]?.[language] ?? key;
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function has(key: string): boolean {
  return key in CATALOGUE;
}
