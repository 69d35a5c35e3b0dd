/** Which of the page's views is open: the part of the address after "#/". Anything else is the desk. */
export const VIEWS = ["reports", "audit"] as const;
export type View = (typeof VIEWS)[number] | "desk";

export function viewOf(hash: string): View {
  const [, name] = /^#\/(\w+)/.exec(hash) ?? [];
  return VIEWS.find((view) => view === name) ?? "desk";
}

class Route {
  view = $state<View>(viewOf(location.hash));

  constructor() {
    addEventListener("hashchange", () => (this.view = viewOf(location.hash)));
  }

  /** As a link would: with an entry in the browser's history. desk: with the incident that was open there. */
  go(view: View, incident: string | null = null): void {
    location.hash = view === "desk" ? (incident === null ? "#/" : `#/incident/${incident}`) : `#/${view}`;
  }
}

export const route = new Route();
