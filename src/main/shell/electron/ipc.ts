import { type BrowserWindow, type IpcMainInvokeEvent, ipcMain } from 'electron';
import { commandSchemas, type EventName, type EventPayload } from '../../../contract/ipc.ts';
import type { ShellProgram } from '../program.ts';
import { isOwnPage } from './window.ts';

/** Calls refused because they did not come from the window's own main frame. */
export interface IpcCounters {
  foreignSender: number;
}

/**
 * Opens one channel per command of the contract, and no other.
 *
 * A refused command rejects with the sentence in `message`.
 */
export function handleCommands(
  program: Pick<ShellProgram, 'router'>,
  currentWindow: () => BrowserWindow | null,
): IpcCounters {
  const counters: IpcCounters = { foreignSender: 0 };
  for (const command of Object.keys(commandSchemas)) {
    ipcMain.handle(`command:${command}`, async (event: IpcMainInvokeEvent, payload: unknown) => {
      if (!isOwnFrame(event, currentWindow())) {
        counters.foreignSender += 1;
        throw new Error('This page may not give commands to Sidetone.');
      }
      const result = await program.router.dispatch(command, payload);
      if (!result.ok) throw new Error(result.sentence);
      return result.answer;
    });
  }
  return counters;
}

/** Only the main frame of our own window, on a page of ours, is listened to. */
function isOwnFrame(event: IpcMainInvokeEvent, window: BrowserWindow | null): boolean {
  if (window === null || window.isDestroyed() || event.senderFrame === null) return false;
  return event.senderFrame === window.webContents.mainFrame && isOwnPage(event.senderFrame.url);
}

/** Sends an event of the contract to the window, if there is one. */
export function sendEvent<Name extends EventName>(
  window: BrowserWindow | null,
  name: Name,
  payload: EventPayload<Name>,
): void {
  if (window === null || window.isDestroyed() || window.webContents.isDestroyed()) return;
  window.webContents.send(`event:${name}`, payload);
}
