/** Which of the page's views is open. */
import { viewOf, type View } from "./beside";

class Route {
  view = $state<View>(viewOf(location.hash));

  constructor() {
    addEventListener("hashchange", () => (this.view = viewOf(location.hash)));
  }
}

export const route = new Route();
