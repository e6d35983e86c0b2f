import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../rig/child.ts';
import { RIG_RATE_HZ } from '../rig/pulse.ts';
import { loudestWindowDbfs, rmsDbfs } from '../sound/level.ts';
import type { Stage } from './stage.ts';

/** Quieter than this is silence, in dBFS. */
export const SILENT_DBFS = -70;

/** Speech played into the rig is well above this, in dBFS, wherever it comes through. */
const HEARD_DBFS = -45;

/** Everything that opens or closes a microphone has settled after this time, in ms. */
const SETTLING_MS = 500;

/** How long silence is listened to, in ms. */
const LISTENING_MS = 1_000;

/** How long speech may take to come through, in ms; pauses between words included. */
const MAX_HEARING_MS = 4_000;

/** Loudest 20 ms at B between two moments, in dBFS. */
function loudestAtB(stage: Stage, fromMs: number, toMs: number): number {
  return loudestWindowDbfs(stage.ear.between(fromMs, toMs).samples, RIG_RATE_HZ / 50);
}

/**
 * Waits until B hears A.
 *
 * @returns how long it took, in ms
 * @throws Error when nothing comes through
 */
export async function expectHeard(stage: Stage): Promise<number> {
  const fromMs = performance.now();
  await waitFor('B to hear A', MAX_HEARING_MS, () => {
    const nowMs = performance.now();
    return nowMs > fromMs + 100 && loudestAtB(stage, Math.max(fromMs, nowMs - 300), nowMs) > HEARD_DBFS
      ? true
      : null;
  });
  return performance.now() - fromMs;
}

/**
 * Listens at B for a second once things have settled, while A's microphone goes on getting sound.
 *
 * @returns the loudest 20 ms, in dBFS
 * @throws Error when that was not silence, or when there was nothing to be heard anyway
 */
export async function expectSilence(stage: Stage): Promise<number> {
  const fromMs = performance.now() + SETTLING_MS;
  await sleep(SETTLING_MS + LISTENING_MS + 150);
  const toMs = fromMs + LISTENING_MS;
  if (rmsDbfs(stage.mouth.between(fromMs, toMs).samples) < HEARD_DBFS) {
    throw new Error('there was no sound at the microphone, so silence proves nothing');
  }
  const loudest = loudestAtB(stage, fromMs, toMs);
  if (loudest > SILENT_DBFS) throw new Error(`B still hears A at ${loudest.toFixed(1)} dBFS`);
  return loudest;
}
