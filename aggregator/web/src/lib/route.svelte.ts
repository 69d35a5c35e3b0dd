/** Which of the page's views is open. */
import { viewOf, type View } from "./beside";

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
