/** The desk's own keys: where to look. What acts on an incident is lib/actions' business. */
import type { KeyPress } from "./actions";

export type DeskKey = "search" | "views" | "jump";

const KEYS: Record<string, DeskKey> = { "/": "search", v: "views", g: "jump" };

/** What a key press asks for, or null where it is not ours. */
export function deskKey(press: KeyPress): DeskKey | null {
  if (press.modified || press.typing || press.confirming || press.repeat) return null;
  return KEYS[press.key] ?? null;
}
