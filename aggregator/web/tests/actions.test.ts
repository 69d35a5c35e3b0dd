import { describe, expect, it } from "vitest";
import { ACTIONS, commandFor, DEEDS, MENU, type KeyPress } from "../src/lib/actions";

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  repeat: false,
  modified: false,
  typing: false,
  onControl: false,
  ownArrows: false,
  confirming: false,
  ...more,
});

describe("keys", () => {
  it("move, act, open and help", () => {
    expect(commandFor(press("j"))).toEqual({ do: "move", step: 1 });
    expect(commandFor(press("ArrowUp"))).toEqual({ do: "move", step: -1 });
    expect(commandFor(press("Enter"))).toEqual({ do: "open" });
    expect(commandFor(press("?"))).toEqual({ do: "help" });
    const verbs = ["a", "d", "r", "f"].map((key) => commandFor(press(key)));
    expect(verbs.map((command) => command?.do === "act" && "to" in command.action && command.action.to)).toEqual(["acknowledged", "dispatched", "resolved", "false_alarm"]);
  });

  it("never act while held down, with a modifier, or in a text field", () => {
    for (const { key } of [...ACTIONS, ...DEEDS, MENU]) {
      expect(commandFor(press(key, { repeat: true }))).toBeNull();
      expect(commandFor(press(key, { modified: true }))).toBeNull();
      expect(commandFor(press(key, { typing: true }))).toBeNull();
    }
    expect(commandFor(press("j", { repeat: true }))).toEqual({ do: "move", step: 1 });
  });

  it("are each one's own, and leave the desk's alone", () => {
    const keys = [...ACTIONS, ...DEEDS, MENU].map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    for (const taken of ["j", "k", "e", "?", "/", "v", "g"]) expect(keys).not.toContain(taken);
    expect(commandFor(press("m"))).toMatchObject({ do: "act", action: { name: "merge", dialog: true } });
  });

  it("leave Enter to a focused button, and arrows to what scrolls", () => {
    expect(commandFor(press("Enter", { onControl: true }))).toBeNull();
    expect(commandFor(press("ArrowDown", { ownArrows: true }))).toBeNull();
    expect(commandFor(press("j", { ownArrows: true }))).toEqual({ do: "move", step: 1 });
  });

  it("choose a reason, confirm or leave while a confirmation is open, and nothing else", () => {
    const confirming = { confirming: true };
    expect(commandFor(press("2", confirming))).toEqual({ do: "choose", index: 1 });
    expect(commandFor(press("2", { ...confirming, repeat: true }))).toBeNull();
    expect(commandFor(press("Enter", confirming))).toEqual({ do: "confirm" });
    expect(commandFor(press("Enter", { ...confirming, typing: true }))).toEqual({ do: "confirm" });
    expect(commandFor(press("Escape", { ...confirming, typing: true }))).toEqual({ do: "back" });
    for (const key of ["a", "f", "j", "ArrowDown"]) expect(commandFor(press(key, confirming))).toBeNull();
  });

  it("ask again before anything final", () => {
    const final = ACTIONS.filter((action) => ["resolved", "false_alarm"].includes(action.to));
    expect(final.every((action) => action.confirm && action.reasons.length > 0)).toBe(true);
  });
});
