import type { SidetoneApi } from '../contract/ipc.ts';

declare global {
  interface Window {
    /** Given by the preload script in Electron, by the bridge in a browser. */
    sidetone?: SidetoneApi;
  }
}
