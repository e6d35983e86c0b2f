import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../../bench/report.ts';
import type { DashboardWindow, Theme } from '../admin/dashboard-window.ts';
import { Child, PATIENCE_MS, waitFor } from '../rig/child.ts';
import type { Check, Scene } from './check.ts';
import { makeMaterial } from './ogg-stage.ts';
import { PageBrowser } from './page-browser.ts';
import {
  conversationChannel,
  LINK_KEY,
  PUBLISH_KEY,
  publisherChannel,
  type Standalone,
} from './standalone.ts';
import { encodeSpeech, judgeSpeech, speakAgain } from './webrtc-sound.ts';

const NEEDS = ['chromium', 'pulseaudio', 'pactl', 'parec', 'ffmpeg', 'espeak-ng'];

const THEMES: readonly Theme[] = ['light', 'dark'];

/** What is recorded of a page, in ms. */
const LISTEN_MS = 10_000;

/** Time for the page to settle on its delay before it is recorded, in ms. */
const SETTLE_MS = 1_000;

/** The narrowest screen that the page is made for, in CSS pixels. */
const NARROW = { width: 320, height: 700 };

const FIRST = { title: 'The Birch Canoe', artist: 'The Checks' };
const SECOND = { title: 'Glue the Sheet', artist: 'Other Checks' };

/** ffmpeg publishes a file over and over under a title. */
async function publish(
  scene: Scene,
  gateways: Standalone,
  path: string,
  { title, artist }: typeof FIRST,
): Promise<Child> {
  const url = `http://source:${PUBLISH_KEY}@127.0.0.1:${gateways.webPort}/publish/music`;
  const input = ['-re', '-stream_loop', '-1', '-i', path, '-c', 'copy'];
  const tags = ['-metadata', `title=${title}`, '-metadata', `artist=${artist}`];
  const output = ['-f', 'ogg', '-method', 'PUT', '-content_type', 'audio/ogg', url];
  const child = await Child.start('ffmpeg', ['-v', 'error', ...input, ...tags, ...output]);
  scene.defer(() => child.stop());
  return child;
}

async function shows(window: DashboardWindow, part: string, text: string | RegExp): Promise<void> {
  await window.part(part).filter({ hasText: text }).waitFor();
}

function expectCalm(window: DashboardWindow): void {
  if (window.troubles.length > 0) throw new Error(`the page complains: ${window.troubles.join('; ')}`);
}

/** Holds the page against the rules in both themes and on a narrow screen, and keeps a picture of each. */
async function judgeLooks(scene: Scene, window: DashboardWindow, name: string): Promise<void> {
  const wide = window.page.viewportSize();
  for (const theme of THEMES) {
    await window.showTheme(theme);
    const broken = await window.violations();
    if (broken.length > 0) throw new Error(`${name}, ${theme}: ${JSON.stringify(broken)}`);
    scene.keep(`page-${name}-${theme}.png`, await window.page.screenshot());
  }
  await window.page.setViewportSize(NARROW);
  const overhang = await window.overhang();
  scene.keep(`page-${name}-narrow.png`, await window.page.screenshot());
  if (overhang > 0) throw new Error(`${name}: the page is ${overhang} px wider than a narrow screen`);
  if (wide !== null) await window.page.setViewportSize(wide);
  const policy = await window.policyViolations();
  if (policy.length > 0) throw new Error(`${name} tried against its policy: ${policy.join('; ')}`);
}

/** Records the loudspeaker while the page plays, and compares it with what was published. */
async function hear(browser: PageBrowser, speech: Float32Array): Promise<Row> {
  const recorder = await browser.record();
  try {
    await sleep(SETTLE_MS);
    const fromMs = performance.now();
    await sleep(LISTEN_MS);
    return judgeSpeech(speech, recorder.between(fromMs, fromMs + LISTEN_MS - 500).samples);
  } finally {
    await recorder.stop();
  }
}

/** @param query behind the page's address @param decoder that it must name */
function soundCheck(name: string, query: string, decoder: string, secure: boolean): Check {
  return {
    name: `page: ${name}, and what the loudspeaker gives is what was published`,
    needs: NEEDS,
    run: async (scene) => {
      const { path, sound } = await makeMaterial(scene);
      const gateways = await scene.gateways({ channels: [publisherChannel()] });
      const publisher = await publish(scene, gateways, path, FIRST);
      const browser = await PageBrowser.open(scene);
      const window = await browser.open(gateways.webPort, secure);
      await window.page.goto(`/listen/music${query}`);
      await shows(window, 'title', FIRST.title);
      await shows(window, 'artist', FIRST.artist);
      await window.part('play').click();
      await shows(window, 'decoder', decoder);
      await shows(window, 'delay', /^\d+ ms$/);
      const row = await hear(browser, sound);
      const delayMs = Number.parseInt((await window.part('delay').textContent()) ?? '', 10);
      const breaks = Number(await window.part('breaks').textContent());
      if (secure)
        await judgeLooks(scene, window, `playing-${decoder === 'of the browser' ? 'codecs' : 'wasm'}`);
      await publisher.stop();
      await shows(window, 'status', 'Nothing is on air.');
      await publish(scene, gateways, path, SECOND);
      await shows(window, 'title', SECOND.title);
      await shows(window, 'status', 'Live');
      if (secure) expectCalm(window);
      return { ...row, delayMs, breaks };
    },
  };
}

const access: Check = {
  name: 'page: lists what is public, asks for a password, and says why not',
  needs: NEEDS,
  run: async (scene): Promise<Row> => {
    const gateways = await scene.gateways({
      channels: [
        publisherChannel(),
        publisherChannel({ id: 2, name: 'Members', slug: 'members', access: 'link' }),
      ],
    });
    const browser = await PageBrowser.open(scene);
    const window = await browser.open(gateways.webPort);
    await window.page.goto('/');
    await shows(window, 'entry', 'Music');
    if ((await window.part('entry').count()) !== 1) throw new Error('the list shows what is not public');
    await judgeLooks(scene, window, 'list');
    await window.part('entry').click();
    await shows(window, 'channel', 'Music');
    await shows(window, 'status', 'Nothing is on air.');
    await window.page.goto('/listen/members');
    await window.part('secret').waitFor();
    await judgeLooks(scene, window, 'password');
    await window.part('secret').fill('no idea');
    await window.part('enter').click();
    await shows(window, 'secret-error', 'That is not the password');
    await judgeLooks(scene, window, 'wrong-password');
    await window.part('secret').fill(LINK_KEY);
    await window.page.keyboard.press('Enter');
    await shows(window, 'channel', 'Members');
    await window.page.goto(`/listen/members?key=${LINK_KEY}`);
    await shows(window, 'channel', 'Members');
    await window.page.goto('/listen/nowhere');
    await shows(window, 'status', 'There is nothing to listen to at this address.');
    await judgeLooks(scene, window, 'nowhere');
    expectCalm(window);
    return { screens: 4 };
  },
};

const talking: Check = {
  name: 'page: holds a key to talk, by mouse and by keyboard, and comes back by itself',
  needs: NEEDS,
  run: async (scene): Promise<Row> => {
    const talk = conversationChannel({ talk: true });
    const gateways = await scene.gateways({ channels: [talk] });
    gateways.stand(2, 64_000);
    const packets = encodeSpeech(await scene.speech());
    scene.defer(speakAgain(packets, (packet) => gateways.mix(2, packet)));
    const browser = await PageBrowser.open(scene);
    const window = await browser.open(gateways.webPort);
    await window.page.goto('/listen/talk');
    await window.part('play').click();
    await shows(window, 'status', 'Live');
    await window.part('talk').hover();
    await window.page.mouse.down();
    await shows(window, 'talk', 'You are heard');
    const spoken = (): number => gateways.toRoom.filter(({ kind }) => kind === 'speak').length;
    await waitFor('a voice', PATIENCE_MS, () => (spoken() > 25 ? true : null));
    await judgeLooks(scene, window, 'talking');
    await window.page.mouse.up();
    await waitFor('a pause', PATIENCE_MS, () =>
      gateways.toRoom.some(({ kind }) => kind === 'pause') ? true : null,
    );
    const before = spoken();
    await window.part('talk').focus();
    await window.page.keyboard.down('Space');
    await waitFor('a voice by the keyboard', PATIENCE_MS, () => (spoken() > before + 10 ? true : null));
    await window.page.keyboard.up('Space');
    // The channel closes to everybody and opens again: the page finds back by itself.
    gateways.setChannels([{ ...talk, access: 'link' }]);
    await window.part('secret').waitFor();
    await window.part('secret').fill(LINK_KEY);
    await window.part('enter').click();
    await shows(window, 'channel', 'Talk');
    expectCalm(window);
    return { spoken: spoken() };
  },
};

export const pageChecks: readonly Check[] = [
  soundCheck('Chromium plays it by WebCodecs', '', 'of the browser', true),
  soundCheck('Chromium plays it by Wasm', '?decoder=wasm', 'of this page', true),
  soundCheck('Chromium plays it without TLS, from another machine', '', 'of this page', false),
  access,
  talking,
];
