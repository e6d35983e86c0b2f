import { EventEmitter } from 'node:events';
import type Electron from 'electron';

/** An event that can be prevented, as Electron hands them out. */
export class PreventableEvent {
  defaultPrevented = false;

  preventDefault(): void {
    this.defaultPrevented = true;
  }
}

/** Electron is up: windows and trays can be made only then. */
export const readiness = { ready: false };

/** A frame of a page: only what a handler may look at. */
export interface FrameDouble {
  url: string;
}

type OpenHandler = (details: { url: string }) => { action: 'allow' | 'deny' };

export class WebContentsDouble extends EventEmitter {
  readonly mainFrame: FrameDouble = { url: '' };

  setWindowOpenHandler(handler: OpenHandler): void {
    openHandlers.set(this, handler);
  }

  send(channel: string, ...args: unknown[]): void {
    // Electron clones what it sends, and throws at what cannot be cloned.
    sentEvents.push({ channel, payload: structuredClone(args[0]) });
  }

  isDestroyed(): boolean {
    return destroyed.has(this);
  }

  reload(): void {
    reloads.set(this, (reloads.get(this) ?? 0) + 1);
  }
}

export const openHandlers = new WeakMap<WebContentsDouble, OpenHandler>();
export const reloads = new WeakMap<WebContentsDouble, number>();
export const sentEvents: { channel: string; payload: unknown }[] = [];
const destroyed = new WeakSet<object>();

export const windows: BrowserWindowDouble[] = [];
export const windowOptions = new WeakMap<BrowserWindowDouble, Electron.BrowserWindowConstructorOptions>();

/** Told when the last window is gone. */
export const allClosed = new EventEmitter();

export class BrowserWindowDouble extends EventEmitter {
  readonly webContents = new WebContentsDouble();
  #visible: boolean;
  #minimized = false;
  #focused = false;

  constructor(options: Electron.BrowserWindowConstructorOptions) {
    super();
    if (!readiness.ready) throw new Error('Cannot create BrowserWindow before app is ready');
    this.#visible = options.show !== false;
    windowOptions.set(this, options);
    windows.push(this);
  }

  async loadURL(url: string): Promise<void> {
    this.webContents.mainFrame.url = url;
    setImmediate(() => this.emit('ready-to-show'));
  }

  show(): void {
    this.#visible = true;
  }

  hide(): void {
    this.#visible = false;
    this.#focused = false;
  }

  focus(): void {
    this.#focused = true;
  }

  isFocused(): boolean {
    return this.#focused;
  }

  minimize(): void {
    this.#minimized = true;
  }

  restore(): void {
    this.#minimized = false;
  }

  isMinimized(): boolean {
    return this.#minimized;
  }

  isVisible(): boolean {
    return this.#visible && !this.#minimized;
  }

  isDestroyed(): boolean {
    return destroyed.has(this);
  }

  close(): void {
    const event = new PreventableEvent();
    this.emit('close', event);
    if (!event.defaultPrevented) this.destroy();
  }

  destroy(): void {
    if (this.isDestroyed()) return;
    destroyed.add(this);
    destroyed.add(this.webContents);
    windows.splice(windows.indexOf(this), 1);
    this.emit('closed');
    if (windows.length === 0) allClosed.emit('window-all-closed');
  }
}
