/**
 * Puts the text of a box on the clipboard.
 *
 * Where the page may not write there, the text is selected and the browser's older copy command is tried; the
 * selection stays either way, so that Ctrl+C does the rest.
 *
 * @returns whether the text is on the clipboard
 */
export async function copyText(box: HTMLInputElement | HTMLTextAreaElement): Promise<boolean> {
  box.focus();
  box.select();
  try {
    await navigator.clipboard.writeText(box.value);
    return true;
  } catch {
    return document.execCommand('copy');
  }
}
