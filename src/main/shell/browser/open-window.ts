import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What the search for a browser looks at. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Effective user id, undefined on Windows. */
  readonly userId: number | undefined;
  readonly exists: (path: string) => boolean;
}

/** A browser to open, or why none is opened. */
export type BrowserChoice =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly reason: 'noDisplay' | 'asRoot' | 'noBrowser' };

const LINUX_NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
  'microsoft-edge-stable',
  'microsoft-edge',
];

const MAC_PROGRAMS = [
  'Google Chrome.app/Contents/MacOS/Google Chrome',
  'Chromium.app/Contents/MacOS/Chromium',
  'Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
];

const WINDOWS_PROGRAMS = [
  'Google\\Chrome\\Application\\chrome.exe',
  'Microsoft\\Edge\\Application\\msedge.exe',
];

/** This machine. */
export function thisMachine(): Machine {
  return {
    platform: process.platform,
    environment: process.env,
    userId: process.geteuid?.(),
    exists: existsSync,
  };
}

/** Finds a browser of Chromium's family that can show an app window here. */
export function chooseBrowser(machine: Machine): BrowserChoice {
  const { platform, environment } = machine;
  if (platform === 'linux') {
    if (!environment.DISPLAY && !environment.WAYLAND_DISPLAY) return { ok: false, reason: 'noDisplay' };
    // As root it would have to run without its sandbox. The person may do so; this program does not.
    if (machine.userId === 0) return { ok: false, reason: 'asRoot' };
  }
  const path = candidates(machine).find((candidate) => machine.exists(candidate));
  return path === undefined ? { ok: false, reason: 'noBrowser' } : { ok: true, path };
}

/** The sentence a person reads when no window was opened. */
export function noWindowSentence(reason: Exclude<BrowserChoice, { ok: true }>['reason']): string {
  switch (reason) {
    case 'noDisplay':
      return 'No display was found: open the address in a browser on this machine.';
    case 'asRoot':
      return 'No window is opened for root, as browsers would have to give up their sandbox: open the address yourself.';
    case 'noBrowser':
      return 'Neither Chromium, Chrome nor Edge was found: open the address in the browser you have.';
  }
}

export interface AppWindow {
  /** Ends the browser that was started for the window. */
  close(): void;
}

/**
 * Opens the address as a window of its own, without tabs or address bar.
 *
 * @param profileFolder the browser's own folder for it, so that the person's profile is left alone
 * @param onDidEnd the browser ended, or could not be started
 */
export function openAppWindow(
  browser: string,
  address: string,
  profileFolder: string,
  onDidEnd: () => void,
): AppWindow {
  const child = spawn(
    browser,
    [
      `--app=${address}`,
      `--user-data-dir=${profileFolder}`,
      '--class=Sidetone',
      '--window-size=960,680',
      '--no-first-run',
      '--no-default-browser-check',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-extensions',
      '--disable-sync',
    ],
    { stdio: 'ignore' },
  );
  child.once('error', onDidEnd);
  child.once('exit', onDidEnd);
  return {
    close: () => {
      child.off('exit', onDidEnd);
      child.kill();
    },
  };
}

function candidates({ platform, environment }: Machine): string[] {
  switch (platform) {
    case 'darwin': {
      const folders = ['/Applications', join(environment.HOME ?? '/', 'Applications')];
      return MAC_PROGRAMS.flatMap((program) => folders.map((folder) => join(folder, program)));
    }
    case 'win32': {
      const folders = ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap(
        (name) => environment[name] ?? [],
      );
      return WINDOWS_PROGRAMS.flatMap((program) => folders.map((folder) => `${folder}\\${program}`));
    }
    default: {
      const folders = (environment.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
      return LINUX_NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
    }
  }
}
