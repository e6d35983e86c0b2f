import { contextBridge, type IpcRendererEvent, ipcRenderer } from 'electron';
import { type CarryCommand, makeSidetoneApi, type SubscribeEvent } from '../contract/api.ts';

/** Payloads and answers are checked in main, which trusts no window. */
const carry: CarryCommand = async (name, payload) => {
  try {
    return await ipcRenderer.invoke(`command:${name}`, payload);
  } catch (error) {
    throw new Error(sentenceOf(error));
  }
};

/** Electron puts the channel's name before what main said; the person reads only the latter. */
function sentenceOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^Error invoking remote method '[^']*': (Error: )?/, '');
}

const subscribe: SubscribeEvent = (name, listener) => {
  const channel = `event:${name}`;
  // The event object stays here: it would hand the window the sender, and with it every channel.
  const onEvent = (_event: IpcRendererEvent, payload: Parameters<typeof listener>[0]): void => {
    listener(payload);
  };
  ipcRenderer.on(channel, onEvent);
  return () => {
    ipcRenderer.removeListener(channel, onEvent);
  };
};

contextBridge.exposeInMainWorld('sidetone', makeSidetoneApi(carry, subscribe));
