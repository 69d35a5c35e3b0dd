/** Sounds, made by the browser itself (Web Audio): no file, no network. One instance a page. */
import { recall, remember } from "./preferences.svelte";
import { TONES } from "./tones";
import type { Severity } from "./types";

/** blocked: the browser makes no sound before somebody has clicked or pressed a key. absent: it cannot make any. */
export type SoundState = "on" | "muted" | "blocked" | "absent";

const ATTACK_S = 0.012;
const USUAL = 0.6;

class Sound {
  muted = $state(recall("jaga.muted") === "yes");
  /** 0..1 */
  volume = $state(volumeOf(recall("jaga.volume")));
  #allowed = $state<"yes" | "no" | "absent">("no");
  #context: AudioContext | null = null;

  readonly state = $derived<SoundState>(this.#allowed === "absent" ? "absent" : this.muted ? "muted" : this.#allowed === "yes" ? "on" : "blocked");

  /** Asks the browser whether sound is allowed, and takes the first gesture as the permission. Returns what ends it. */
  start(): () => void {
    if (typeof AudioContext === "undefined") {
      this.#allowed = "absent";
      return () => undefined;
    }
    const context = (this.#context = new AudioContext());
    const look = (): void => {
      this.#allowed = context.state === "running" ? "yes" : "no";
    };
    const wake = (): void => {
      if (context.state !== "running") void context.resume().then(look, look);
    };
    context.addEventListener("statechange", look);
    addEventListener("pointerdown", wake, true);
    addEventListener("keydown", wake, true);
    look();
    return () => {
      removeEventListener("pointerdown", wake, true);
      removeEventListener("keydown", wake, true);
      void context.close();
    };
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    remember("jaga.muted", muted ? "yes" : "no");
  }

  setVolume(volume: number): void {
    this.volume = Math.min(1, Math.max(0, volume));
    remember("jaga.volume", String(this.volume));
  }

  /** Whether it is heard. */
  play(severity: Severity): boolean {
    const context = this.#context;
    if (context === null || this.state !== "on" || context.state !== "running") return false;
    for (const { hz, at, seconds, loudness } of TONES[severity]) {
      const begins = context.currentTime + at;
      const tone = new OscillatorNode(context, { type: "triangle", frequency: hz });
      const gain = new GainNode(context, { gain: 0 });
      // Without a ramp at both ends a tone clicks.
      gain.gain.setValueAtTime(0, begins);
      gain.gain.linearRampToValueAtTime(loudness * this.volume, begins + ATTACK_S);
      gain.gain.setValueAtTime(loudness * this.volume, begins + seconds - ATTACK_S);
      gain.gain.linearRampToValueAtTime(0, begins + seconds);
      tone.connect(gain).connect(context.destination);
      tone.start(begins);
      tone.stop(begins + seconds);
    }
    return true;
  }
}

function volumeOf(text: string | null): number {
  const value = text === null ? Number.NaN : Number(text);
  return value >= 0 && value <= 1 ? value : USUAL;
}

export const sound = new Sound();
