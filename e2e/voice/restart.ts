import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../rig/child.ts';
import { freePort } from '../rig/free-port.ts';
import { watchLoad } from '../rig/machine-load.ts';
import { RIG_RATE_HZ } from '../rig/pulse.ts';
import { RelayProcess } from '../rig/relay/relay-process.ts';
import { examineTone } from '../sound/gaps.ts';
import { rmsDbfs } from '../sound/level.ts';
import { tone } from '../sound/signals.ts';
import { NICKNAME_A, NICKNAME_B, type Scene } from './journeys.ts';
import { type Measured, TALK_KEY, UNTOUCHED } from './measures.ts';
import type { Person } from './stage.ts';

const TONE_HZ = 1_000;
const TONE_AMPLITUDE = 0.3;
const TONE_SECONDS = 12;

/** The relay goes down after this much of the tone was heard, in ms. */
const DOWN_AFTER_MS = 3_000;

/** The end of the tone is not judged, nor its beginning, in ms: the player clicks there. */
const MARGIN_MS = 750;

/** How often the way from B to A is looked at, in ms. */
const LOOK_EVERY_MS = 20;

/** Both go from where they are into the room of a relay that runs by itself. */
async function moveTo(scene: Scene, link: string): Promise<void> {
  for (const [nickname, { window }] of [
    [NICKNAME_A, scene.a],
    [NICKNAME_B, scene.b],
  ] as const) {
    if ((await window.state()).connection.phase !== 'idle') await window.leave();
    await window.join(nickname, link);
    await window.waitForVoice();
  }
  for (const { window } of [scene.a, scene.b]) {
    await window.waitForMembers([NICKNAME_A, NICKNAME_B]);
    await waitFor('keys', 5_000, async () => {
      const { connection } = await window.state();
      return connection.phase === 'connected' && connection.sealing.state === 'sealed' ? true : null;
    });
  }
}

async function hearsB({ window }: Person): Promise<boolean> {
  const { members } = await window.state();
  return members.some(({ nickname, talking }) => nickname === NICKNAME_B && talking);
}

/**
 * Watches the way from B, whose microphone is open all the time, to A, at whose speaker no recorder stands: the window
 * shows who is heard.
 *
 * @returns when B was heard again after having fallen silent, on the clock of `performance.now()`
 */
async function whenHeardAgain(a: Person): Promise<number> {
  for (const heard of [false, true]) {
    await waitFor(heard ? 'voice the other way' : 'silence the other way', 15_000, async () => {
      await sleep(LOOK_EVERY_MS);
      return (await hearsB(a)) === heard ? true : null;
    });
  }
  return performance.now();
}

async function channelOf({ window }: Person): Promise<number | null> {
  const { connection } = await window.state();
  return connection.phase === 'connected' ? connection.channel : null;
}

/**
 * The relay is killed in the middle of a tone and started again at once: how long B hears nothing, whether anything
 * clicks, when A hears B again, and whether both are where they were.
 */
export async function measureRelayRestart(scene: Scene): Promise<Measured> {
  const { stage, a, b } = scene;
  const folder = join(stage.folder, `relay-${Date.now()}`);
  mkdirSync(folder);
  const port = await freePort();
  const start = (): Promise<RelayProcess> => RelayProcess.start({ folder, port, roomName: 'Restarted' });
  let relay = await start();
  const installed = await a.window.setProcessing(UNTOUCHED);
  try {
    await moveTo(scene, `sidetone://127.0.0.1:${port}/?cert=${relay.certificateSha256}`);
    const channels = [await channelOf(a), await channelOf(b)];
    await b.window.inSettings(() => b.window.chooseActivation('open'));
    const path = stage.writeSound('restart-tone', tone(TONE_HZ, TONE_SECONDS, RIG_RATE_HZ, TONE_AMPLITUDE));
    const loadSince = watchLoad();
    await stage.display.keyDown(TALK_KEY);
    const player = await stage.say(path);
    const startMs = await waitFor('the tone', 5_000, () => {
      const nowMs = performance.now();
      return rmsDbfs(stage.ear.between(nowMs - 200, nowMs - 100).samples) > -30 ? nowMs : null;
    });
    await sleep(DOWN_AFTER_MS);
    if (!(await hearsB(a))) throw new Error('B is not heard before the relay goes down');
    const downAtMs = performance.now();
    await relay.kill();
    const again = whenHeardAgain(a);
    relay = await start();
    const upAtMs = performance.now();
    const heardAgainMs = (await again) - downAtMs;
    await player.finished(TONE_SECONDS * 1000 + 10_000);
    const load = loadSince();
    await stage.display.keyUp(TALK_KEY);
    const endMs = startMs + TONE_SECONDS * 1000 - MARGIN_MS * 2;
    const heard = stage.ear.between(startMs + MARGIN_MS, endMs);
    stage.keep('restart-heard', heard.samples);
    const report = examineTone(heard.samples, TONE_HZ, RIG_RATE_HZ);
    const same = (await channelOf(a)) === channels[0] && (await channelOf(b)) === channels[1];
    for (const { window } of [a, b]) await window.waitForMembers([NICKNAME_A, NICKNAME_B]);
    await b.window.inSettings(() => b.window.chooseActivation('pushToTalk'));
    return {
      rows: [
        {
          check: 'relay killed and started again in mid-call',
          ok: same,
          relayAwayMs: upAtMs - downAtMs,
          longestGapMs: report.longestGapMs,
          gaps: report.gaps.length,
          clicks: report.clicks,
          phaseJumps: report.phaseJumps,
          otherWayMs: heardAgainMs,
          ...load,
        },
      ],
      values: {
        restartGapMs: same ? Math.max(report.longestGapMs, heardAgainMs) : null,
        restartClicks: report.clicks,
      },
    };
  } finally {
    await a.window.setProcessing(installed);
    await relay.stop();
  }
}
