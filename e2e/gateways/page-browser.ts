import { type Browser, chromium } from 'playwright-core';
import { DashboardWindow } from '../admin/dashboard-window.ts';
import { chromiumPath } from '../rig/programs.ts';
import { PulseServer } from '../rig/pulse.ts';
import { Recorder } from '../rig/recorder.ts';
import type { Scene } from './check.ts';

/** Where a page that did not come over a secure connection seems to be from; still this machine. */
const INSECURE_HOST = 'radio.invalid';

const FLAGS = [
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`,
];

/** A browser whose loudspeaker is recorded. */
export class PageBrowser {
  readonly #browser: Browser;
  readonly #pulse: PulseServer;

  static async open(scene: Scene): Promise<PageBrowser> {
    const executablePath = chromiumPath();
    if (executablePath === null) throw new Error('there is no Chromium');
    const folder = scene.folder();
    const pulse = await PulseServer.start(folder, `${folder}/pulse.log`);
    scene.defer(() => pulse.stop());
    const env: Record<string, string> = {};
    for (const [name, value] of Object.entries(pulse.deviceEnv('b')))
      if (value !== undefined) env[name] = value;
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const browser = await chromium.launch({
      executablePath,
      env,
      args: [...FLAGS, ...sandbox],
      // It would make no sound without its window.
      ignoreDefaultArgs: ['--mute-audio'],
    });
    scene.defer(() => browser.close());
    return new PageBrowser(browser, pulse);
  }

  private constructor(browser: Browser, pulse: PulseServer) {
    this.#browser = browser;
    this.#pulse = pulse;
  }

  /** @param secure false: as from another machine, without TLS */
  open(port: number, secure = true): Promise<DashboardWindow> {
    return DashboardWindow.open(this.#browser, `http://${secure ? '127.0.0.1' : INSECURE_HOST}:${port}`);
  }

  /** Records what comes out of the loudspeaker from now on. */
  record(): Promise<Recorder> {
    return Recorder.start('spk_b.monitor', this.#pulse.env);
  }
}
