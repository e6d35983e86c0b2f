/** How long the address of a saved text stays good, in ms: the browser takes it up within moments. */
const ADDRESS_MS = 10_000;

/** Lets the person save a text as a file, as the browser or the desktop saves files. */
export function saveText(fileName: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), ADDRESS_MS);
}
