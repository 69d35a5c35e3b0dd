/** Where the keyboard goes. */

/** For `use:`: has the focus as soon as it is on the page. */
export function focused(node: HTMLElement): void {
  node.focus();
}

/** From the item with the focus one on (step 1) or back (-1), round; from elsewhere to the first or the last. */
export function turnFocus(items: readonly HTMLElement[], step: 1 | -1): void {
  const at = items.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 && step < 0 ? items.length - 1 : (at + step + items.length) % items.length;
  items[next]?.focus();
}
