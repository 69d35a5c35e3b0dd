/**
 * For `use:`: a dialog that is modal for as long as it is on the page. left: called once it is left.
 *
 * At Escape that is at once: a browser tells of the end in a later task, and a key that came before it would be lost.
 */
export function modal(dialog: HTMLDialogElement, left?: () => void): void {
  dialog.showModal();
  if (left === undefined) return;
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    dialog.close();
    left();
  });
  dialog.addEventListener("close", () => {
    // What is told of a dialog that is gone already is not about the one after it.
    if (dialog.isConnected) left();
  });
}
