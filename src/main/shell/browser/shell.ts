import { join } from 'node:path';
import { linkAmong } from '../invite-link.ts';
import type { ShellProgram } from '../program.ts';
import { giveCommand } from '../program-command.ts';
import {
  type AppWindow,
  chooseBrowser,
  noWindowSentence,
  openAppWindow,
  thisMachine,
} from './open-window.ts';
import { NEW_ADDRESS_AFTER_MS, startWindowServer, type WindowServer } from './server.ts';

export interface BrowserShellOptions extends ShellProgram {
  /** Folder of the built renderer. */
  readonly rendererPath: string;
  /** Folder of the program's data; the window's browser profile goes below it. */
  readonly dataFolder: string;
  /** False: only the address is printed. */
  readonly open: boolean;
  /** Writes one line for the person at the terminal; stdout unless given. */
  readonly print?: (line: string) => void;
  /** Closes the program; called once, before the process ends. */
  readonly quit: () => Promise<void>;
}

export interface BrowserShell {
  /** The address printed last: it works once. */
  readonly address: string;
  /** Closes the windows' server and the program. Calls after the first wait for the first. */
  close(): Promise<void>;
}

/** Longest wait for the program to close, in ms; a device that hangs must not keep the process alive. */
const MAX_QUIT_MS = 5_000;

/**
 * Shows the program in a browser on this machine.
 *
 * Every printed address works once. While a window is open no new one is printed; when the last is closed the
 * next address is printed, so that a person who closed the tab finds back. Closing the window that this
 * program opened itself quits the program, as there is no tray to stay in.
 *
 * @throws where no loopback port can be opened
 */
export async function runBrowserShell(options: BrowserShellOptions): Promise<BrowserShell> {
  const shell = new Shell(options);
  await shell.start();
  return shell;
}

class Shell implements BrowserShell {
  address = '';
  readonly #options: BrowserShellOptions;
  readonly #print: (line: string) => void;
  #server: WindowServer | null = null;
  #window: AppWindow | null = null;
  #windowCount = 0;
  #windowWasOpen = false;
  #closing: Promise<void> | null = null;

  constructor(options: BrowserShellOptions) {
    this.#options = options;
    this.#print = options.print ?? ((line) => process.stdout.write(`${line}\n`));
  }

  async start(): Promise<void> {
    this.#server = await startWindowServer({
      ...this.#options,
      onAddress: (address) => {
        this.address = address;
        this.#print(`Sidetone is at ${address}`);
      },
      onWindowCount: (open) => {
        this.#windowCount = open;
        this.#windowWasOpen ||= open > 0;
      },
    });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, this.#handleSignal);
    if (this.#options.open) this.#openWindow();
    const link = linkAmong(process.argv.slice(2));
    if (link !== null) this.#followLink(link);
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, this.#handleSignal);
    this.#window?.close();
    await Promise.all([this.#server?.close(), this.#options.quit()]);
  }

  readonly #handleSignal = (): void => {
    this.#end();
  };

  #end(): void {
    const timeLimit = setTimeout(() => process.exit(1), MAX_QUIT_MS);
    timeLimit.unref();
    this.close().then(
      () => process.exit(0),
      (error: unknown) => {
        this.#print(`Sidetone did not close cleanly: ${String(error)}`);
        process.exit(1);
      },
    );
  }

  #openWindow(): void {
    const choice = chooseBrowser(thisMachine());
    if (!choice.ok) {
      this.#print(noWindowSentence(choice.reason));
      return;
    }
    const profile = join(this.#options.dataFolder, 'window');
    this.#window = openAppWindow(choice.path, this.address, profile, () => this.#handleWindowEnd());
  }

  /** Chromium may hand the window to a process that runs already and end itself: what counts is who is connected. */
  #handleWindowEnd(): void {
    this.#window = null;
    if (!this.#windowWasOpen) {
      this.#print('The window did not open: open the address above in a browser on this machine.');
      return;
    }
    setTimeout(() => {
      if (this.#windowCount === 0) this.#end();
    }, NEW_ADDRESS_AFTER_MS / 2).unref();
  }

  #followLink(link: string): void {
    const payload = { target: link, nickname: this.#options.getState().nickname, password: null };
    giveCommand(this.#options, 'join', payload).then((sentence) => {
      if (sentence !== null) this.#options.notify('error', sentence);
    });
  }
}
