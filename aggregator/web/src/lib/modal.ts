/** For `use:`: a dialog that is modal for as long as it is on the page. */
export function modal(dialog: HTMLDialogElement): void {
  dialog.showModal();
}
