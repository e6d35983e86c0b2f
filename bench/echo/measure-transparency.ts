import { noise } from '../../e2e/sound/signals.ts';
import { intelligibility } from '../../e2e/sound/stoi.ts';
import { createRng } from '../../src/core/base/rng.ts';
import type { Row } from '../report.ts';
import { createChain, energy, MICROPHONE_NOISE, runChain } from './measure-echo.ts';

const RATE_HZ = 48_000;
const SECONDS = 12;

export interface Transparency {
  readonly rows: readonly Row[];
  /** Of the voice while nobody is heard, and while others are heard in headphones: no echo in either. */
  readonly estoiWithoutReference: number;
  readonly estoiWithHeadphones: number;
}

async function measureVoice(
  near: Float32Array,
  played: Float32Array,
  check: string,
): Promise<{ row: Row; estoi: number }> {
  const chain = await createChain({});
  const hiss = noise(near.length, MICROPHONE_NOISE, createRng(6));
  const heard = near.map((sample, index) => sample + (hiss[index] ?? 0));
  const processed = new Float32Array(near.length);
  runChain(chain, { near, heard, played }, processed);
  const delay = chain.delaySamples;
  const clean = near.subarray(0, near.length - delay);
  const estoi = intelligibility(clean, processed.subarray(delay), RATE_HZ)?.estoi ?? Number.NaN;
  const levelChangeDb = 10 * Math.log10(energy(processed) / energy(near));
  return { row: { check, estoi, levelChangeDb, delayMs: delay / 48 }, estoi };
}

/** There is no echo: the canceller must leave the voice as it is. */
export async function measureTransparency(speech: Float32Array): Promise<Transparency> {
  const near = speech.slice(0, SECONDS * RATE_HZ);
  const others = speech.slice(SECONDS * RATE_HZ, 2 * SECONDS * RATE_HZ);
  const alone = await measureVoice(near, new Float32Array(near.length), 'nobody is heard');
  const headphones = await measureVoice(near, others, 'others are heard in headphones, both speak');
  return {
    rows: [alone.row, headphones.row],
    estoiWithoutReference: alone.estoi,
    estoiWithHeadphones: headphones.estoi,
  };
}
