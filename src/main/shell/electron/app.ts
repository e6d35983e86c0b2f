import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { app, type BrowserWindow, clipboard, Menu, Notification, session } from 'electron';
import type { AppState } from '../../../contract/dto.ts';
import type { CommandName, CommandPayload } from '../../../contract/ipc.ts';
import { MeterPacer } from '../meter-pacer.ts';
import type { ShellProgram } from '../program.ts';
import { giveCommand } from '../program-command.ts';
import { handleLinks, keepEarlyLinks } from './deep-links.ts';
import { handleCommands, sendEvent } from './ipc.ts';
import { registerRendererScheme, serveRenderer } from './renderer-scheme.ts';
import { type AppTray, createTray, type ShellIcons } from './tray.ts';
import type { TrayActions } from './tray-menu.ts';
import { createMainWindow, denyPermissions, revealWindow } from './window.ts';

export interface ElectronShellOptions extends ShellProgram {
  /** Folder of the built renderer. */
  readonly rendererPath: string;
  readonly preloadPath: string;
  readonly icons: ShellIcons;
  /** Where the shell remembers what it told the person. */
  readonly dataFolder: string;
  /** Port of a room opened from the tray; null: the program's choice. */
  readonly hostPort: number | null;
  /** Closes the program; called once, before the process ends. */
  readonly quit: () => Promise<void>;
}

/** Longest wait for the program to close; a device that hangs must not keep the process alive. */
const MAX_QUIT_MS = 5_000;

/** Remembers across starts that the person knows where the program stays. */
const TOLD_FILE = 'told-about-tray';

/**
 * Makes this process the only one of its data folder. Call it before anything else is built.
 *
 * @returns false in a second process, which ends at once: the first one gets its arguments
 */
export function claimInstance(): boolean {
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return false;
  }
  registerRendererScheme();
  keepEarlyLinks();
  return true;
}

/** Shows the program in Electron: window, tray, invite links. Returns at once; the shell lives as the process. */
export function runElectronShell(options: ElectronShellOptions): void {
  new ElectronShell(options).start();
}

class ElectronShell {
  readonly #options: ElectronShellOptions;
  readonly #meters = new MeterPacer((meters) => sendEvent(this.#visibleWindow(), 'metersChanged', meters));
  #window: BrowserWindow | null = null;
  #tray: AppTray | null = null;
  #quitting = false;
  #closed = false;

  constructor(options: ElectronShellOptions) {
    this.#options = options;
  }

  start(): void {
    app.setAppUserModelId('io.github.sidetone');
    Menu.setApplicationMenu(null);
    app.on('window-all-closed', () => {
      if (this.#tray === null) app.quit();
    });
    app.on('activate', () => this.#showWindow());
    app.on('before-quit', () => {
      this.#quitting = true;
    });
    app.on('will-quit', (event) => this.#closeProgram(event));
    app.on('web-contents-created', (_event, contents) => {
      contents.setWindowOpenHandler(() => ({ action: 'deny' }));
    });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => app.quit());
    handleCommands(this.#options, () => this.#window);
    handleLinks(
      (link) => this.#whenReady(() => this.#followLink(link)),
      () => this.#whenReady(() => this.#showWindow()),
    );
    this.#options.onState((state) => this.#handleState(state));
    this.#options.onMeters((meters) => this.#meters.push(meters));
    this.#options.onChat((event) => sendEvent(this.#window, 'chatChanged', event));
    this.#whenReady(() => this.#open());
  }

  #whenReady(run: () => void): void {
    app.whenReady().then(run, (error: unknown) => {
      this.#options.notify('error', `The window could not be opened: ${String(error)}`);
    });
  }

  #open(): void {
    denyPermissions(session.defaultSession);
    serveRenderer(session.defaultSession, this.#options.rendererPath, !app.isPackaged);
    this.#tray = createTray(this.#options.icons, this.#options.getState(), this.#trayActions());
    this.#showWindow();
  }

  #showWindow(): void {
    if (this.#window !== null && !this.#window.isDestroyed()) {
      revealWindow(this.#window);
      return;
    }
    this.#window = createMainWindow({
      preloadPath: this.#options.preloadPath,
      iconPath: this.#options.icons.window,
      devTools: !app.isPackaged,
      shouldHideOnClose: () => this.#tray !== null && !this.#quitting,
      onDidHide: () => this.#tellWhereItStays(),
      onPageGone: this.#options.onWindowGone,
      onDidClose: () => {
        this.#window = null;
      },
    });
  }

  #handleState(state: AppState): void {
    this.#tray?.update(state);
    sendEvent(this.#window, 'stateChanged', state);
  }

  /** Meters go only where somebody sees them. */
  #visibleWindow(): BrowserWindow | null {
    const window = this.#window;
    return window !== null && !window.isDestroyed() && window.isVisible() ? window : null;
  }

  #trayActions(): TrayActions {
    return {
      showWindow: () => this.#showWindow(),
      host: () => {
        const { nickname } = this.#options.getState();
        const room = {
          roomName: `${nickname}'s room`,
          nickname,
          address: null,
          port: this.#options.hostPort,
        };
        this.#command('host', room);
      },
      stopHosting: () => this.#command('stopHosting', null),
      copyInvite: () => {
        const { hosting } = this.#options.getState();
        if (hosting.phase === 'on') clipboard.writeText(hosting.inviteLink);
      },
      setMuted: (muted) => this.#command('setMuted', { muted }),
      setDeafened: (deafened) => this.#command('setDeafened', { deafened }),
      quit: () => app.quit(),
    };
  }

  #followLink(link: string): void {
    this.#showWindow();
    this.#command('join', { target: link, nickname: this.#options.getState().nickname, password: null });
  }

  /** A command of the shell itself. What goes wrong is shown in the window, as nothing waits for the answer. */
  #command<Name extends CommandName>(command: Name, payload: CommandPayload<Name>): void {
    giveCommand(this.#options, command, payload).then((sentence) => {
      if (sentence === null) return;
      this.#options.notify('error', sentence);
      this.#showWindow();
    });
  }

  #tellWhereItStays(): void {
    const marker = join(this.#options.dataFolder, TOLD_FILE);
    if (existsSync(marker) || !Notification.isSupported()) return;
    new Notification({
      title: 'Sidetone is still running',
      body: 'You stay in your room. Find it in the tray, or start it again to see the window.',
      icon: this.#options.icons.window,
    }).show();
    try {
      writeFileSync(marker, '');
    } catch {
      // It is only told once more next time.
    }
  }

  #closeProgram(event: { preventDefault(): void }): void {
    if (this.#closed) return;
    event.preventDefault();
    this.#closed = true;
    this.#tray?.close();
    this.#meters.close();
    const timeLimit = new Promise<void>((done) => setTimeout(done, MAX_QUIT_MS).unref());
    Promise.race([this.#options.quit(), timeLimit]).then(
      () => app.exit(0),
      () => app.exit(1),
    );
  }
}
