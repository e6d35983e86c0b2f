import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandAnswer, CommandName, CommandPayload, SidetoneApi } from '../../src/contract/ipc.ts';
import type { ChaosSettings } from '../../src/contract/testing.ts';
import { CHAOS_OFF } from '../../src/core/chaos/chaos-settings.ts';
import { waitFor } from '../rig/child.ts';
import { RIG_RATE_HZ } from '../rig/pulse.ts';
import { align } from '../sound/align.ts';
import { intelligibility } from '../sound/stoi.ts';
import { readWavFile } from '../sound/wav.ts';
import type { Journey, Scene } from './journeys.ts';
import { expectHeard } from './listening.ts';
import { TALK_KEY, UNTOUCHED } from './measures.ts';
import type { Person } from './stage.ts';

const MAX_WAIT_MS = 5_000;

/** A network on which a call without any help would be hard to follow. */
const BAD_NETWORK: ChaosSettings = {
  ...CHAOS_OFF,
  lossPercent: 10,
  latencyMs: 40,
  jitterMs: 15,
  jitterDistribution: 'pareto',
};

/** Listeners report every two seconds; the sender may think it over for a few reports. */
const MAX_REACTION_MS = 15_000;

const SCORED_MS = 10_000;

/**
 * Speech is scored in pieces of this length, in ms, each where it lies in what was heard. A playout that adapts to a
 * jittery network moves the delay by tens of ms in the course of ten seconds, which nobody hears and which makes
 * STOI, held against one delay for all, worth nothing.
 */
const PIECE_MS = 2_000;

/** Longest way from mouth to ear in that network, in ms: the network's own 40, its jitter, devices, playout. */
const MAX_WAY_MS = 800;

/** Speech in a network that loses a tenth of all packets is still understood. */
const LEAST_STOI = 0.85;

/** How often speech is scored at the most: a shared machine can be taken away for seconds. The last attempt counts. */
const MAX_ATTEMPTS = 3;

/** After the first word the playout finds its delay: not scored, in ms. */
const SETTLING_MS = 1_500;

/** Recordings of one program agree to less than this, in ms. */
const MAX_TAP_SHIFT_MS = 0.1;

async function ask<Name extends CommandName>(
  { window }: Person,
  command: Name,
  payload: CommandPayload<Name>,
): Promise<CommandAnswer<Name>> {
  const answer: unknown = await window.page.evaluate(
    ([name, value]) => {
      const api = (globalThis as unknown as { readonly sidetone: SidetoneApi }).sidetone;
      const call = api[name as Name] as (argument: unknown) => Promise<unknown>;
      return call(value);
    },
    [command, payload] as const,
  );
  return answer as CommandAnswer<Name>;
}

/** Runs `act` while A holds the key and speech plays. */
async function whileTalking<T>({ stage, speechPath }: Scene, act: () => Promise<T>): Promise<T> {
  await stage.display.keyDown(TALK_KEY);
  const player = await stage.say(speechPath);
  try {
    return await act();
  } finally {
    await player.stop();
    await stage.display.keyUp(TALK_KEY);
  }
}

/** Mean intelligibility of what was heard, piece by piece. */
async function scoreSpeech({ stage }: Scene): Promise<number> {
  await sleep(SETTLING_MS);
  const fromMs = performance.now();
  await sleep(SCORED_MS + MAX_WAY_MS + 500);
  const scores: number[] = [];
  for (let at = fromMs; at < fromMs + SCORED_MS; at += PIECE_MS) {
    const said = stage.mouth.between(at, at + PIECE_MS).samples;
    const heard = stage.ear.between(at, at + PIECE_MS + MAX_WAY_MS).samples;
    const place = align(said, heard, { minLag: 0, maxLag: heard.length - said.length });
    if (place === null) throw new Error('what was said is not to be found in what was heard');
    const from = Math.round(place.delaySamples);
    const score = intelligibility(said, heard.subarray(from, from + said.length), RIG_RATE_HZ);
    if (score !== null) scores.push(score.stoi);
  }
  if (scores.length === 0) throw new Error('there was no speech to be scored');
  return scores.reduce((sum, stoi) => sum + stoi, 0) / scores.length;
}

const badNetwork: Journey = {
  name: 'a bad network is shown, answered with copies, and speech is still understood',
  run: async (scene) => {
    const { a } = scene;
    await ask(a, 'setChaos', { settings: BAD_NETWORK, seed: 4 });
    try {
      await a.window.part('testing-mark').waitFor();
      const reacted = await whileTalking(scene, () =>
        waitFor('copies of earlier frames', MAX_REACTION_MS, async () => {
          const { sending } = await ask(a, 'getDiagnostics', null);
          return sending.copies > 0 ? sending : null;
        }),
      );
      const attempts: number[] = [];
      let stoi = 0;
      while (attempts.length < MAX_ATTEMPTS && stoi < LEAST_STOI) {
        stoi = await whileTalking(scene, () => scoreSpeech(scene));
        attempts.push(stoi);
      }
      const [speaker] = (await ask(scene.b, 'getDiagnostics', null)).speakers;
      if (stoi < LEAST_STOI) throw new Error(`intelligibility ${attempts.join(', ')} is below ${LEAST_STOI}`);
      if ((speaker?.packetsRecovered ?? 0) === 0) throw new Error('B recovered nothing from the copies');
      return {
        stoi,
        attempts: attempts.map((value) => value.toFixed(3)).join(' '),
        copies: reacted.copies,
        heardLostPercent: reacted.heardLostPercent,
        recovered: speaker?.packetsRecovered ?? null,
      };
    } finally {
      await ask(a, 'setChaos', { settings: CHAOS_OFF, seed: null });
      await a.window.part('testing-mark').waitFor({ state: 'detached' });
    }
  },
};

const taps: Journey = {
  name: 'the sound inside the programs is recorded, and the recordings agree',
  run: async (scene) => {
    const { a, b } = scene;
    // High-passes turn phases, which makes the place of best correlation uncertain; suppression alone only delays.
    const installed = await a.window.setProcessing({ ...UNTOUCHED, noiseSuppression: 'light' });
    for (const person of [a, b]) {
      const outcome = await ask(person, 'setTaps', { on: true });
      if (!outcome.ok) throw new Error(outcome.sentence);
    }
    await whileTalking(scene, () => sleep(6_000));
    for (const person of [a, b]) await ask(person, 'setTaps', { on: false });
    await a.window.setProcessing(installed);
    const [folderA, folderB] = [
      (await a.window.state()).testing.taps.folder,
      (await b.window.state()).testing.taps.folder,
    ];
    const raw = readWavFile(join(folderA, 'raw_mic.wav')).samples;
    const sent = readWavFile(join(folderA, 'post_dsp.wav')).samples;
    const heard = readWavFile(join(folderB, 'post_opus_decode.wav')).samples;
    const place = align(raw, sent);
    if (place === null) throw new Error('the processed sound is not that of the microphone');
    const shiftMs = (place.delaySamples * 1_000) / RIG_RATE_HZ;
    if (Math.abs(shiftMs) > MAX_TAP_SHIFT_MS) throw new Error(`the recordings are ${shiftMs} ms apart`);
    if (align(sent, heard) === null) throw new Error('what B decoded is not what A sent');
    const lengths = [raw, sent, heard].map(({ length }) => length / RIG_RATE_HZ);
    return {
      shiftMs,
      rawSeconds: lengths[0] ?? 0,
      sentSeconds: lengths[1] ?? 0,
      heardSeconds: lengths[2] ?? 0,
    };
  },
};

const overlay: Journey = {
  name: 'F3 shows figures while somebody talks, and closes again',
  run: async (scene) => {
    const { b } = scene;
    await b.window.page.keyboard.press('F3');
    const shown = b.window.part('diagnostics');
    await shown.waitFor();
    try {
      const text = await whileTalking(scene, async () => {
        await expectHeard(scene.stage);
        return waitFor('the voice in the overlay', MAX_WAIT_MS, async () => {
          const found = (await shown.textContent()) ?? '';
          return found.includes('Anna') && /\d/.test(found) ? found : null;
        });
      });
      return { letters: text.length };
    } finally {
      await b.window.page.keyboard.press('F3');
      await shown.waitFor({ state: 'detached' });
    }
  },
};

const processing: Journey = {
  name: 'processing is switched while somebody talks, and the voice goes on',
  run: async (scene) => {
    const { a } = scene;
    const { processing: installed } = await a.window.state();
    try {
      return await whileTalking(scene, async () => {
        await expectHeard(scene.stage);
        for (const noiseSuppression of ['strong', 'off', 'light'] as const) {
          await ask(a, 'setProcessing', { ...installed, noiseSuppression });
          await sleep(1_500);
          await expectHeard(scene.stage);
        }
        const { processingProblems } = await a.window.state();
        if (processingProblems.length > 0) throw new Error(processingProblems[0]?.sentence);
        return { switches: 3 };
      });
    } finally {
      await ask(a, 'setProcessing', installed);
    }
  },
};

/** With B in the room: what the call is like on a bad evening, and what can be seen of it. */
export const survivalJourneys: readonly Journey[] = [processing, badNetwork, taps, overlay];
