import { BLOCK_SAMPLES } from '../../src/core/processing/processing-stage.ts';
import type { Row } from '../report.ts';
import { createChain, echoLossDb, makeSound, NEAR_LOUDSPEAKER_DB, runChain } from './measure-echo.ts';
import { startProcessorTime } from './processor-time.ts';

const RATE_HZ = 48_000;
const BLOCKS_PER_SECOND = RATE_HZ / BLOCK_SAMPLES;

/** The canceller has learnt the room by then. In seconds. */
const LEARNT_SECONDS = 8;

/** How long nobody speaks, in seconds. */
const PAUSE_SECONDS = 2;

const SCENE = { seed: 4, driftPpm: 0, deviceDelayMs: 60, directDb: NEAR_LOUDSPEAKER_DB };

/** How the microphone spends its pause. */
const PAUSES = [
  'idle while others are heard',
  'idle in silence',
  'not processed at all, reference goes on',
] as const;

/** Echo loss right after a pause in which the microphone was closed: what it costs not to have processed. */
export async function measurePause(speech: Float32Array): Promise<Row[]> {
  const rows: Row[] = [];
  // Nothing is played just before the pause, so that the scene can stand still in it with the echo gone.
  const played = speech.slice().fill(0, (LEARNT_SECONDS - 1) * RATE_HZ, LEARNT_SECONDS * RATE_HZ);
  for (const pause of PAUSES) {
    const chain = await createChain({});
    const sound = makeSound(played, SCENE);
    const processed = new Float32Array(LEARNT_SECONDS * RATE_HZ);
    runChain(chain, sound, processed);
    const before = echoLossDb(sound, processed, chain.delaySamples, LEARNT_SECONDS - 2);
    const block = new Float32Array(BLOCK_SAMPLES);
    const silent = pause === 'idle in silence';
    // In silence the scene stands still: nothing is played, and nothing is heard.
    const restBlock = (LEARNT_SECONDS + (silent ? 0 : PAUSE_SECONDS)) * BLOCKS_PER_SECOND;
    const usedUs = startProcessorTime();
    for (let count = 0; count < PAUSE_SECONDS * BLOCKS_PER_SECOND; count += 1) {
      const at = (LEARNT_SECONDS * BLOCKS_PER_SECOND + count) * BLOCK_SAMPLES;
      const reference = sound.played.subarray(at, at + BLOCK_SAMPLES);
      chain.handleReference(silent ? new Float32Array(BLOCK_SAMPLES) : reference);
      block.set(sound.heard.subarray(at, at + BLOCK_SAMPLES));
      if (silent) block.fill(0);
      if (pause !== 'not processed at all, reference goes on') chain.idle(block);
    }
    const idleUs = usedUs() / (PAUSE_SECONDS * BLOCKS_PER_SECOND);
    const after = new Float32Array((LEARNT_SECONDS + PAUSE_SECONDS + 2) * RATE_HZ);
    runChain(chain, sound, after, restBlock);
    const erle = (seconds: number): number => echoLossDb(sound, after, chain.delaySamples, seconds);
    const rest = restBlock / BLOCKS_PER_SECOND;
    rows.push({
      check: `pause of ${PAUSE_SECONDS} s: ${pause}`,
      erleBeforeDb: before,
      erleAfterDb: erle(rest),
      erleOneSecondLaterDb: erle(rest + 1),
      idleUs,
    });
  }
  return rows;
}
