/** The views beside the desk, by the part of the address after "#/". Anything else is the desk. */
export const VIEWS = ["reports", "audit"] as const;
export type View = (typeof VIEWS)[number] | "desk";

export function viewOf(hash: string): View {
  const [, name] = /^#\/(\w+)/.exec(hash) ?? [];
  return VIEWS.find((view) => view === name) ?? "desk";
}
