/** The sound of each severity, as tones: the graver, the more of them, the higher and the louder. Nothing is longer than 1.5 s. */
import type { Severity } from "./types";

export interface Tone {
  hz: number;
  /** Seconds from the beginning. */
  at: number;
  seconds: number;
  /** 0..1 of the chosen volume. */
  loudness: number;
}

function row(pitches: readonly number[], seconds: number, loudness: number): Tone[] {
  return pitches.map((hz, index) => ({ hz, at: index * seconds, seconds: seconds * 0.9, loudness }));
}

export const TONES: Record<Severity, readonly Tone[]> = {
  critical: row([880, 1175, 880, 1175, 880, 1175], 0.2, 1),
  major: row([740, 988, 740], 0.22, 0.75),
  minor: row([587, 740], 0.18, 0.45),
  info: row([523], 0.16, 0.3),
};
