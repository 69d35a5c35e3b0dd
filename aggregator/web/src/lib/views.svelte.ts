/** The operator's saved views, in this browser. One instance a page. */
import { desk } from "./desk.svelte";
import { fromQuery } from "./filter";
import { recall, remember } from "./preferences.svelte";
import { forget, keep, parseViews, shown, type SavedView } from "./views";

const KEY = "jaga.views";

class Views {
  saved = $state.raw<readonly SavedView[]>(parseViews(recall(KEY)));
  /** The one that the queue shows now. */
  readonly shown = $derived(shown(this.saved, desk.filter));

  apply(view: SavedView): void {
    desk.setFilter(fromQuery(view.query));
  }

  save(name: string): void {
    this.#take(keep(this.saved, name, desk.filter));
  }

  forget(name: string): void {
    this.#take(forget(this.saved, name));
  }

  #take(views: readonly SavedView[]): void {
    this.saved = views;
    remember(KEY, JSON.stringify(views));
  }
}

export const views = new Views();
