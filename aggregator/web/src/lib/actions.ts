/** The operator's verbs: which key does what, what needs a confirmation, and which reasons it offers. */
import type { State } from "./types";

export interface Action {
  to: State;
  key: string;
  /** Ends the incident: asks for a second keystroke. */
  confirm: boolean;
  /** A verdict without a reason teaches nobody anything. */
  reasonRequired: boolean;
  /** Catalogue keys; offered as 1, 2, 3 … */
  reasons: readonly string[];
}

export const ACTIONS: readonly Action[] = [
  { to: "acknowledged", key: "a", confirm: false, reasonRequired: false, reasons: [] },
  { to: "dispatched", key: "d", confirm: false, reasonRequired: false, reasons: [] },
  {
    to: "resolved",
    key: "r",
    confirm: true,
    reasonRequired: false,
    reasons: ["web.reason.handled_on_site", "web.reason.ended_by_itself", "web.reason.handed_over"],
  },
  {
    to: "false_alarm",
    key: "f",
    confirm: true,
    reasonRequired: true,
    reasons: ["web.reason.nothing_there", "web.reason.allowed", "web.reason.weather_light", "web.reason.animal_object"],
  },
];

/** What else can be done. dialog: asks for something first. */
export interface Deed {
  name: "take" | "assign" | "release" | "note" | "severity" | "kind" | "merge" | "split" | "handover" | "silence" | "undo" | "menu";
  key: string;
  dialog: boolean;
  /** What the user has to be allowed. */
  needs: "incident.act" | "silence.act";
}

const deed = (name: Deed["name"], key: string, dialog: boolean, needs: Deed["needs"] = "incident.act"): Deed => ({ name, key, dialog, needs });

/** In the order of the menu. */
export const DEEDS: readonly Deed[] = [
  deed("take", "t", false),
  deed("assign", "o", true),
  deed("release", "l", false),
  deed("note", "n", true),
  deed("severity", "s", true),
  deed("kind", "c", true),
  deed("merge", "m", true),
  deed("split", "x", true),
  deed("silence", "q", false, "silence.act"),
  deed("handover", "h", true),
  deed("undo", "u", false),
];
export const MENU: Deed = deed("menu", ".", false);

export type Command =
  | { do: "move"; step: number }
  | { do: "act"; action: Action | Deed }
  | { do: "open" | "back" | "help" | "confirm" | "expand" }
  | { do: "choose"; index: number };

export interface KeyPress {
  key: string;
  /** The key is held down: never acts, or one long press would work through the list. */
  repeat: boolean;
  /** Ctrl, Alt or Meta: the browser's business. */
  modified: boolean;
  /** The focus is in a text field. */
  typing: boolean;
  /** The focus is on a button or link, which Enter and Space press by themselves. */
  onControl: boolean;
  /** The focus is where the arrow keys already scroll or pan: the detail, the map. */
  ownArrows: boolean;
  /** A confirmation is open. */
  confirming: boolean;
}

const MOVES: Record<string, number> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -1e9, End: 1e9 };

/** What a key press asks for, or null where it is not ours. */
export function commandFor(press: KeyPress): Command | null {
  if (press.modified) return null;
  if (press.key === "Escape") return { do: "back" };
  if (press.typing) return press.key === "Enter" && press.confirming && !press.repeat ? { do: "confirm" } : null;
  if (press.confirming) return confirming(press);
  const step = press.ownArrows && press.key.length > 1 ? undefined : MOVES[press.key];
  if (step !== undefined) return { do: "move", step };
  if (press.repeat) return null;
  if (press.key === "Enter") return press.onControl ? null : { do: "open" };
  if (press.key === "?") return { do: "help" };
  if (press.key === "e") return { do: "expand" };
  const action = [...ACTIONS, ...DEEDS, MENU].find((candidate) => candidate.key === press.key);
  return action ? { do: "act", action } : null;
}

function confirming(press: KeyPress): Command | null {
  if (press.repeat) return null;
  if (press.key === "Enter") return press.onControl ? null : { do: "confirm" };
  return /^[1-9]$/.test(press.key) ? { do: "choose", index: Number(press.key) - 1 } : null;
}
