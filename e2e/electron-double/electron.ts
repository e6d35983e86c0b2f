import { EventEmitter } from 'node:events';
import type Electron from 'electron';
import { answerControls } from './answer.ts';
import { record } from './record.ts';
import { SessionDouble } from './session-double.ts';
import { ImageDouble, MenuDouble, TrayDouble } from './tray-double.ts';
import {
  allClosed,
  BrowserWindowDouble,
  PreventableEvent,
  readiness,
  type WebContentsDouble,
  windows,
} from './window-double.ts';

/**
 * A double of the `electron` module: enough of it to boot the built main bundle under Node, strict where Electron
 * is, and with a record of everything that was done to it. The test asks it through the process's message channel.
 *
 * SIDETONE_DOUBLE_LOCKED=1: another copy holds the lock. SIDETONE_DOUBLE_NO_TRAY=1: the system has no tray.
 */
const environment = process.env;

class AppDouble extends EventEmitter {
  readonly isPackaged = false;
  readonly #paths = new Map<string, string>();
  #quitting = false;

  requestSingleInstanceLock(): boolean {
    return environment.SIDETONE_DOUBLE_LOCKED !== '1';
  }

  setPath(name: string, path: string): void {
    this.#paths.set(name, path);
  }

  getPath(name: string): string {
    const path = this.#paths.get(name);
    if (path === undefined) throw new Error(`Failed to get '${name}' path`);
    return path;
  }

  setAppUserModelId(_id: string): void {}

  setAsDefaultProtocolClient(scheme: string): boolean {
    record.protocolClients.push(scheme);
    return true;
  }

  whenReady(): Promise<void> {
    return whenReady;
  }

  quit(): void {
    if (this.#quitting) return;
    this.#quitting = true;
    this.emit('before-quit', new PreventableEvent());
    for (const window of [...windows]) window.close();
    if (windows.length > 0) {
      this.#quitting = false;
      return;
    }
    const event = new PreventableEvent();
    this.emit('will-quit', event);
    if (!event.defaultPrevented) process.exit(0);
  }

  exit(code = 0): void {
    process.exit(code);
  }
}

class NotificationDouble {
  readonly #title: string;

  constructor(options: { title: string }) {
    this.#title = options.title;
  }

  static isSupported(): boolean {
    return true;
  }

  show(): void {
    record.notifications.push(this.#title);
  }
}

const ipcMainDouble = {
  handle(channel: string, handler: (event: never, payload: unknown) => unknown): void {
    if (record.channels.has(channel))
      throw new Error(`Attempted to register a second handler for '${channel}'`);
    record.channels.set(channel, handler as never);
  },
};

const protocolDouble = {
  registerSchemesAsPrivileged(schemes: unknown[]): void {
    if (readiness.ready) throw new Error('registerSchemesAsPrivileged should be called before app is ready');
    record.schemes.push(...schemes);
  },
};

const clipboardDouble = {
  writeText(text: string): void {
    record.clipboard = text;
  },
};

/** A key store that turns the text around: enough to see that it was asked. */
const safeStorageDouble = {
  async isAsyncEncryptionAvailable(): Promise<boolean> {
    return environment.SIDETONE_DOUBLE_NO_KEYS !== '1';
  },
  getSelectedStorageBackend(): 'gnome_libsecret' {
    if (!readiness.ready) throw new Error('the backend is not known before the app is ready');
    return 'gnome_libsecret';
  },
  async encryptStringAsync(text: string): Promise<Buffer> {
    return Buffer.from([...text].reverse().join(''));
  },
  async decryptStringAsync(sealed: Buffer): Promise<{ shouldReEncrypt: boolean; result: string }> {
    return { shouldReEncrypt: false, result: [...sealed.toString()].reverse().join('') };
  },
};

const dialogDouble = {
  showErrorBox(title: string, content: string): void {
    process.stderr.write(`${title}: ${content}\n`);
  },
};

const shellDouble = {
  async openExternal(url: string): Promise<void> {
    process.stderr.write(`opened ${url}\n`);
  },
};

const whenReady = new Promise<void>((resolve) => {
  // Electron is ready once the main module and what it awaits at its top level have run.
  setTimeout(() => {
    readiness.ready = true;
    resolve();
  }, 0);
});

export const app = new AppDouble();
allClosed.on('window-all-closed', () => app.emit('window-all-closed'));
answerControls(app);

export {
  BrowserWindowDouble as BrowserWindow,
  clipboardDouble as clipboard,
  dialogDouble as dialog,
  ipcMainDouble as ipcMain,
  MenuDouble as Menu,
  NotificationDouble as Notification,
  protocolDouble as protocol,
  safeStorageDouble as safeStorage,
  shellDouble as shell,
  TrayDouble as Tray,
};
export const nativeImage = { createFromPath: (path: string) => new ImageDouble(path) };
export const nativeTheme = { shouldUseDarkColors: true };
export const session = { defaultSession: new SessionDouble() };

/** Fails the type check where the double has a member that Electron's own types do not. */
type Invented<Double, Real> = Exclude<keyof Double, keyof Real>;
type NothingInvented<Names extends never> = Names;
export type Checked = NothingInvented<
  | Invented<AppDouble, Electron.App>
  | Invented<BrowserWindowDouble, Electron.BrowserWindow>
  | Invented<WebContentsDouble, Electron.WebContents>
  | Invented<SessionDouble, Electron.Session>
  | Invented<typeof ipcMainDouble, Electron.IpcMain>
  | Invented<typeof protocolDouble, Electron.Protocol>
  | Invented<typeof clipboardDouble, Electron.Clipboard>
  | Invented<typeof safeStorageDouble, Electron.SafeStorage>
  | Invented<typeof dialogDouble, Electron.Dialog>
  | Invented<typeof shellDouble, Electron.Shell>
>;
