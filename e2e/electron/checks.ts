import { setTimeout as sleep } from 'node:timers/promises';
import type { ElectronApplication } from 'playwright-core';
import type { Row } from '../../bench/report.ts';
import { commandSchemas } from '../../src/contract/ipc.ts';
import type { AppWindow } from '../rig/app-window.ts';
import { type Child, within } from '../rig/child.ts';
import { freePort } from '../rig/free-port.ts';

/** How long a page gets to do what it must not be able to do, in ms. */
const MISCHIEF_MS = 1_000;

/** How long a second start may take until it has handed over and ended, in ms. */
const MAX_HANDOVER_MS = 15_000;

/** A link of the right scheme that cannot be followed, so that what becomes of it is seen at once. */
const DAMAGED_LINK = 'sidetone://127.0.0.1:48480/?cert=damaged';

/** What every check finds. */
export type Scene = {
  readonly application: ElectronApplication;
  readonly window: AppWindow;
  /** Starts the same program again on the same data folder. */
  readonly startAgain: (extraArguments: readonly string[]) => Promise<Child>;
};

export type Check = { readonly name: string; readonly run: (scene: Scene) => Promise<Row> };

function expectEqual(what: string, actual: unknown, expected: unknown): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (got !== wanted) throw new Error(`${what} is ${got}, not ${wanted}`);
}

/** In this order: the room that is hosted stays open for what follows. */
export const checks: readonly Check[] = [
  {
    name: 'the window shows the built page',
    run: async ({ window }) => {
      const url = window.page.url();
      // Pages of a scheme of our own: neither the web nor the machine's files share their origin.
      if (/^(https?|file|data|about):/.test(url)) throw new Error(`the window shows ${url}`);
      return { title: await window.page.title() };
    },
  },
  {
    name: 'the page is isolated and sandboxed',
    run: async ({ application, window }) => {
      const preferences = await application.evaluate(({ BrowserWindow }) => {
        const contents = BrowserWindow.getAllWindows()[0]?.webContents;
        // Not in the type declarations, but there since Electron 1: what the window was really made with.
        const asked = contents as unknown as { getLastWebPreferences(): Record<string, unknown> };
        const { contextIsolation, sandbox, nodeIntegration, webSecurity, webviewTag } =
          asked.getLastWebPreferences();
        return { contextIsolation, sandbox, nodeIntegration, webSecurity, webviewTag };
      });
      expectEqual('contextIsolation', preferences.contextIsolation, true);
      expectEqual('sandbox', preferences.sandbox, true);
      expectEqual('nodeIntegration', preferences.nodeIntegration, false);
      expectEqual('webSecurity', preferences.webSecurity, true);
      expectEqual('webviewTag', preferences.webviewTag ?? false, false);
      const found = await window.page.evaluate(() =>
        ['require', 'process', 'module', 'Buffer', 'global', 'ipcRenderer', 'electron'].filter(
          (name) => name in globalThis,
        ),
      );
      expectEqual("Node's globals in the page", found, []);
      return {};
    },
  },
  {
    name: 'the page is given named methods and nothing else',
    run: async ({ window }) => {
      const names = await window.page.evaluate(() =>
        Object.keys((globalThis as unknown as { sidetone: object }).sidetone).sort(),
      );
      expectEqual(
        'the API',
        names,
        [...Object.keys(commandSchemas), 'onMetersChanged', 'onStateChanged'].sort(),
      );
      return {};
    },
  },
  {
    name: 'script from text does not run, requests to elsewhere fail',
    run: async ({ window }) => {
      const outcome = await window.page.evaluate(async () => {
        const script = document.createElement('script');
        script.textContent = 'globalThis.ranInlineScript = true;';
        document.head.append(script);
        script.remove();
        const request = await fetch('https://example.invalid/').then(
          () => 'answered',
          () => 'failed',
        );
        return { ran: 'ranInlineScript' in globalThis, request };
      });
      expectEqual('the page', outcome, { ran: false, request: 'failed' });
      return {};
    },
  },
  {
    name: 'the page cannot be led elsewhere, and opens no window',
    run: async ({ application, window }) => {
      const before = window.page.url();
      const opened = await window.page.evaluate(() => globalThis.open('https://example.invalid/') !== null);
      await window.page.evaluate(() => {
        location.href = 'https://example.invalid/';
      });
      await sleep(MISCHIEF_MS);
      expectEqual('window.open', opened, false);
      expectEqual('the address', window.page.url(), before);
      expectEqual('the number of windows', application.windows().length, 1);
      return {};
    },
  },
  {
    name: 'microphone, camera and notifications are denied to the page',
    run: async ({ window }) => {
      const outcome = await window.page.evaluate(async () => {
        const media = await navigator.mediaDevices?.getUserMedia({ audio: true, video: true }).then(
          () => 'granted',
          () => 'denied',
        );
        return { media: media ?? 'denied', notification: await Notification.requestPermission() };
      });
      expectEqual('permissions', outcome, { media: 'denied', notification: 'denied' });
      return {};
    },
  },
  {
    name: 'a room is hosted from the window',
    run: async ({ window }) => {
      const port = await freePort();
      await window.host({ nickname: 'Anna', roomName: "Anna's room", port });
      await window.waitForVoice();
      await window.waitForMembers(['Anna']);
      const link = await window.inviteLink();
      if (!link.startsWith(`sidetone://127.0.0.1:${port}/`)) throw new Error(`the invite link is ${link}`);
      return { shell: (await window.state()).shell };
    },
  },
  {
    name: 'a second start hands its link to the first and ends',
    run: async ({ application, window, startAgain }) => {
      const second = await startAgain([DAMAGED_LINK]);
      const ending = await within(second.ended, MAX_HANDOVER_MS);
      if (ending === null) {
        await second.stop();
        throw new Error('the second start did not end');
      }
      expectEqual('the number of windows', application.windows().length, 1);
      const sentence = await window.waitForSentence(/damaged/i);
      // A link that leads nowhere does not cost the room one is in.
      await window.waitForPhase('connected');
      return { sentence };
    },
  },
];
