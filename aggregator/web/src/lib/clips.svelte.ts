/** Clips of events that somebody here has asked for: what has come of each. They come over the stream, in their own time. */
import { ApiError, askClip } from "./api";
import type { Sentence } from "./catalogue";
import { said, t } from "./text.svelte";

/** evidence: something of an event has come. clip: its agent has none, and says why. */
export type ClipNews =
  | { type: "evidence"; event: string; sha256: string; media: string }
  | { type: "clip"; event: string; error: string; why: Sentence | null };

/** why: in the language of whoever reads it then. */
export type ClipState = { at: "asked" } | { at: "here"; sha256: string } | { at: "refused"; why: () => string };

class Clips {
  #states = $state.raw<ReadonlyMap<string, ClipState>>(new Map());

  of(event: string): ClipState | null {
    return this.#states.get(event) ?? null;
  }

  /** Never rejects: what goes wrong is the clip's state. */
  async ask(event: string): Promise<void> {
    this.#put(event, { at: "asked" });
    try {
      const told = await askClip(event);
      if (told.sha256 !== null) this.#put(event, { at: "here", sha256: told.sha256 });
    } catch (error) {
      const [key, values] = error instanceof ApiError && error.code !== null ? [error.code, error.values] : ["web.clip.failed", {}];
      this.#put(event, { at: "refused", why: () => t(key, values) });
    }
  }

  tell(news: ClipNews): void {
    if (news.type === "clip") this.#put(news.event, { at: "refused", why: () => (news.why ? said(news.why, news.error) : news.error) });
    else if (news.media === "video/mp4") this.#put(news.event, { at: "here", sha256: news.sha256 });
  }

  #put(event: string, state: ClipState): void {
    const before = this.#states.get(event);
    if (before?.at === "here") return;
    this.#states = new Map([...this.#states, [event, state]]);
  }
}

export const clips = new Clips();
