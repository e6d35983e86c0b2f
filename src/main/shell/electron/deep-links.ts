import { resolve } from 'node:path';
import { app } from 'electron';
import { LINK_SCHEME, linkAmong } from '../invite-link.ts';

/** Links that macOS hands over before the program is built. */
const early: string[] = [];

function keepLink(event: { preventDefault(): void }, url: string): void {
  event.preventDefault();
  early.push(url);
}

/** Call it before the app is ready: a link may be what started it. */
export function keepEarlyLinks(): void {
  app.on('open-url', keepLink);
}

/**
 * Makes this program the system's handler of invite links and passes each link on.
 *
 * Three ways lead here: the first start's arguments, the arguments of a second start (which then ends), and
 * macOS's own event.
 *
 * @param onLink takes one link
 * @param onSecondStart the person started the program again, with or without a link
 */
export function handleLinks(onLink: (link: string) => void, onSecondStart: () => void): void {
  registerScheme();
  app.on('second-instance', (_event, argv) => {
    onSecondStart();
    const link = linkAmong(argv);
    if (link !== null) onLink(link);
  });
  app.on('open-url', (event, url) => {
    event.preventDefault();
    const link = linkAmong([url]);
    if (link !== null) onLink(link);
  });
  app.off('open-url', keepLink);
  const first = linkAmong([...early.splice(0), ...process.argv.slice(1)]);
  if (first !== null) onLink(first);
}

function registerScheme(): void {
  const entry = process.argv[1];
  // Run from a folder, Electron itself is the program and needs to be told which folder.
  if (process.defaultApp === true && entry !== undefined) {
    app.setAsDefaultProtocolClient(LINK_SCHEME, process.execPath, [resolve(entry)]);
    return;
  }
  app.setAsDefaultProtocolClient(LINK_SCHEME);
}
