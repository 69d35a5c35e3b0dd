/** What an operator set on this screen: language and theme, remembered by the browser. */
import type { Language } from "./format";

export type Theme = "dark" | "light" | "auto";

const THEMES: readonly Theme[] = ["dark", "light", "auto"];

/** Storage can be refused (private windows, policies): then the choice lasts as long as the page. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // See recall.
  }
}

class Preferences {
  language = $state<Language>(recall("jaga.language") === "en" ? "en" : "id");
  theme = $state<Theme>(THEMES.find((theme) => theme === recall("jaga.theme")) ?? "dark");
  #systemLight = $state(matchMedia("(prefers-color-scheme: light)").matches);

  readonly shownTheme = $derived<"dark" | "light">(
    this.theme === "auto" ? (this.#systemLight ? "light" : "dark") : this.theme,
  );

  constructor() {
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", (query) => {
      this.#systemLight = query.matches;
    });
  }

  setLanguage(language: Language): void {
    this.language = language;
    remember("jaga.language", language);
  }

  nextTheme(): void {
    this.theme = THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length] ?? "dark";
    remember("jaga.theme", this.theme);
  }
}

export const preferences = new Preferences();
