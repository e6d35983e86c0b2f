import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, it } from 'vitest';
import { createRng } from '../../../core/base/rng.ts';
import { ProcessingChain, type ProcessingSettings } from '../../../core/processing/processing-chain.ts';
import { BLOCK_SAMPLES } from '../../../core/processing/processing-stage.ts';
import { StageLoader } from './stage-loader.ts';
import { disposeEchoCancellation } from './webrtc-echo.ts';

const ALL_OFF: ProcessingSettings = {
  highPass: false,
  echoCancellation: false,
  noiseSuppression: 'off',
  gainControl: false,
  limiter: false,
};

/** Blocks after which every stage is switched on. */
const WARM_BLOCKS = 20;

/** Half a minute of sound, in which memory must not grow. */
const MEASURED_BLOCKS = 3_000;

/** What may be left over once all garbage is gone: compiled code and statistics. An array kept per block would be far more. */
const MAX_GROWTH_BYTES = MEASURED_BLOCKS * 64;

/** Heap in use with all garbage gone. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

async function createChain(settings: Partial<ProcessingSettings>): Promise<ProcessingChain> {
  const chain = new ProcessingChain(() => 0);
  const loader = new StageLoader(chain);
  loader.setSettings({ ...ALL_OFF, ...settings });
  await loader.settled();
  const silence = new Float32Array(BLOCK_SAMPLES);
  for (let count = 0; count < WARM_BLOCKS; count += 1) {
    chain.handleReference(silence);
    chain.process(silence.fill(0));
  }
  return chain;
}

/** A buzz with the overtones of a voice at 150 Hz, which comes and goes three times a second. */
function buzz(blocks: number): Float32Array {
  return Float32Array.from({ length: blocks * BLOCK_SAMPLES }, (_, index) => {
    let sum = 0;
    for (let harmonic = 1; harmonic <= 20; harmonic += 1)
      sum += Math.sin((2 * Math.PI * 150 * harmonic * index) / 48_000 + harmonic * harmonic) / harmonic;
    return 0.1 * sum * (0.5 - 0.5 * Math.cos((2 * Math.PI * 3 * index) / 48_000));
  });
}

function run(
  chain: ProcessingChain,
  sound: Float32Array,
  reference: Float32Array | null = null,
): Float32Array {
  const out = sound.slice();
  const silence = new Float32Array(BLOCK_SAMPLES);
  for (let start = 0; start < out.length; start += BLOCK_SAMPLES) {
    chain.handleReference(reference?.subarray(start, start + BLOCK_SAMPLES) ?? silence);
    chain.process(out.subarray(start, start + BLOCK_SAMPLES));
  }
  return out;
}

function levelDb(sound: Float32Array): number {
  return 10 * Math.log10(sound.reduce((sum, sample) => sum + sample * sample, 0) / sound.length + 1e-12);
}

/** Correlation of two sounds at a lag, normalised. */
function similarity(sound: Float32Array, later: Float32Array, lag: number): number {
  let [both, one, other] = [0, 0, 0];
  for (let index = 0; index + lag < later.length; index += 1) {
    const [a, b] = [sound[index] ?? 0, later[index + lag] ?? 0];
    both += a * b;
    one += a * a;
    other += b * b;
  }
  return both / Math.sqrt(one * other);
}

afterAll(disposeEchoCancellation);

describe('the libraries of the processing', () => {
  it.each(['light', 'strong'] as const)('suppress noise: %s', async (noiseSuppression) => {
    const chain = await createChain({ noiseSuppression });
    const rng = createRng(3);
    const noise = Float32Array.from({ length: 300 * BLOCK_SAMPLES }, () => 0.05 * (2 * rng.next() - 1));
    const out = run(chain, noise);
    const half = noise.length / 2;
    expect(levelDb(out.subarray(half))).toBeLessThan(levelDb(noise.subarray(half)) - 10);
    expect(chain.voiceProbability).toBeLessThan(0.5);
  });

  it.each([
    [{ noiseSuppression: 'light' }, 0.9],
    [{ noiseSuppression: 'strong' }, 0.9],
  ] as const)('give the sound out as late as they say: %o', async (settings, alike) => {
    const chain = await createChain(settings);
    const sound = buzz(200);
    const out = run(chain, sound);
    const { delaySamples } = chain;
    expect(similarity(sound, out, delaySamples)).toBeGreaterThan(alike);
    for (const lag of [delaySamples - 24, delaySamples + 24])
      expect(similarity(sound, out, lag)).toBeLessThan(similarity(sound, out, delaySamples));
  });

  it('cancel the echo of what is played, and leave the voice alone while nothing is', async () => {
    const chain = await createChain({ echoCancellation: true });
    const played = buzz(800);
    const heard = new Float32Array(played.length);
    const delaySamples = 2_400;
    heard.set(
      played.subarray(0, -delaySamples).map((sample) => sample * 0.3),
      delaySamples,
    );
    const out = run(chain, heard, played);
    const end = 600 * BLOCK_SAMPLES;
    expect(levelDb(out.subarray(end))).toBeLessThan(levelDb(heard.subarray(end)) - 20);
    const alone = await createChain({ echoCancellation: true });
    const voice = buzz(200);
    expect(Math.abs(levelDb(run(alone, voice)) - levelDb(voice))).toBeLessThan(1);
  });

  it('begin anew when the device changes', async () => {
    const chain = await createChain({ echoCancellation: true, noiseSuppression: 'strong' });
    run(chain, buzz(20), buzz(20));
    chain.reset();
    const out = run(chain, new Float32Array(20 * BLOCK_SAMPLES));
    expect(levelDb(out)).toBeLessThan(-70);
    expect(chain.reports().every(({ state }) => state !== 'failed')).toBe(true);
  });

  it('hold no memory per block', async () => {
    const everything = { highPass: true, echoCancellation: true, gainControl: true, limiter: true };
    const chain = await createChain({ ...everything, noiseSuppression: 'light' });
    const block = buzz(1);
    const scratch = new Float32Array(BLOCK_SAMPLES);
    const work = (blocks: number): void => {
      for (let count = 0; count < blocks; count += 1) {
        scratch.set(block);
        chain.handleReference(block);
        chain.process(scratch);
      }
    };
    work(1_000);
    const before = heapBytes();
    work(MEASURED_BLOCKS);
    expect(heapBytes() - before).toBeLessThan(MAX_GROWTH_BYTES);
  });
});
