import { intelligibility } from '../../e2e/sound/stoi.ts';
import { createRng } from '../../src/core/base/rng.ts';
import { HighPass } from '../../src/core/processing/high-pass.ts';
import { type NoiseSuppression, ProcessingChain } from '../../src/core/processing/processing-chain.ts';
import { BLOCK_SAMPLES } from '../../src/core/processing/processing-stage.ts';
import { StageLoader } from '../../src/main/voice/processing/stage-loader.ts';
import { startProcessorTime } from '../echo/processor-time.ts';
import { areaUnderCurve } from './area-under-curve.ts';
import { NOISES } from './noises.ts';

const RATE_HZ = 48_000;

/** Noise alone first, then speech in stretches with pauses in which nobody speaks. In seconds. */
const LEAD_SECONDS = 2;
const TALK_SECONDS = 3;
const PAUSE_SECONDS = 1.5;
const STRETCHES = 6;

const SNR_DB = 5;
const NOISE_SEED = 7;

/** A block of the clean speech louder than this is voice, one quieter than that is none; between, nobody can say. */
const VOICE_DBFS = -40;
const NO_VOICE_DBFS = -65;

/** After speech ends, its reverberation and the suppression's own have this long to die away: 300 ms. */
const TAIL_BLOCKS = 30;

/** Segmental SNR: frames of 20 ms, each counted between these, in dB (P. Loizou, "Speech Enhancement", chapter 11). */
const SEGMENT_SAMPLES = 960;
const SEGMENT_FLOOR_DB = -10;
const SEGMENT_CEILING_DB = 35;

export interface NoiseFigures {
  readonly estoi: number;
  readonly segmentalSnrDb: number;
  /** How much quieter the noise is between the words than it was. */
  readonly noiseReductionDb: number;
  readonly delayMs: number;
  readonly meanUs: number;
  /** Of the chain's voice probability: 1 tells every voice from every noise, 0.5 guesses. */
  readonly voiceAuc: number;
}

function power(sound: Float32Array): number {
  return sound.reduce((sum, sample) => sum + sample * sample, 0) / sound.length;
}

/** Speech with pauses, from continuous speech. */
export function makeCleanScene(speech: Float32Array): Float32Array {
  const stride = (TALK_SECONDS + PAUSE_SECONDS) * RATE_HZ;
  const clean = new Float32Array(LEAD_SECONDS * RATE_HZ + STRETCHES * stride);
  for (let stretch = 0; stretch < STRETCHES; stretch += 1) {
    const from = stretch * TALK_SECONDS * RATE_HZ;
    const talk = speech.subarray(from, from + TALK_SECONDS * RATE_HZ);
    clean.set(talk, LEAD_SECONDS * RATE_HZ + stretch * stride);
  }
  return clean;
}

/** Adds noise so that the speech, while it sounds, is SNR_DB above it. */
function addNoise(clean: Float32Array, kind: string): Float32Array {
  const disturbance = NOISES[kind]?.(clean.length, createRng(NOISE_SEED));
  if (disturbance === undefined) return clean.slice();
  const talkShare = (STRETCHES * TALK_SECONDS * RATE_HZ) / clean.length;
  const gain = Math.sqrt(power(clean) / talkShare / power(disturbance)) * 10 ** (-SNR_DB / 20);
  return clean.map((sample, index) => sample + gain * (disturbance[index] ?? 0));
}

function blockDbfs(sound: Float32Array, block: number): number {
  const start = block * BLOCK_SAMPLES;
  return 10 * Math.log10(power(sound.subarray(start, start + BLOCK_SAMPLES)) + 1e-12);
}

/** The clean speech as the chain's high-pass leaves it, whose phase would else count as an error. */
function withoutRumble(clean: Float32Array): Float32Array {
  const filtered = clean.slice();
  new HighPass().process(filtered);
  return filtered;
}

function segmentalSnrDb(clean: Float32Array, processed: Float32Array): number {
  let sum = 0;
  let segments = 0;
  for (let start = 0; start + SEGMENT_SAMPLES <= processed.length; start += SEGMENT_SAMPLES) {
    const wanted = clean.subarray(start, start + SEGMENT_SAMPLES);
    if (10 * Math.log10(power(wanted) + 1e-12) < VOICE_DBFS) continue;
    const got = processed.subarray(start, start + SEGMENT_SAMPLES);
    const error = wanted.map((sample, index) => sample - (got[index] ?? 0));
    const snrDb = 10 * Math.log10(power(wanted) / (power(error) + 1e-12));
    sum += Math.max(SEGMENT_FLOOR_DB, Math.min(SEGMENT_CEILING_DB, snrDb));
    segments += 1;
  }
  return sum / segments;
}

/** Which blocks hold voice, which hold none, and which lie in a pause whose sound has died away. */
function label(clean: Float32Array): { voice: boolean[]; none: boolean[]; pause: boolean[] } {
  const levels = Array.from({ length: clean.length / BLOCK_SAMPLES }, (_, block) => blockDbfs(clean, block));
  const voice = levels.map((dbfs) => dbfs > VOICE_DBFS);
  const none = levels.map((dbfs) => dbfs < NO_VOICE_DBFS);
  const pause = none.map((_, block) =>
    none.slice(Math.max(0, block - TAIL_BLOCKS), block + 1).every(Boolean),
  );
  return { voice, none, pause };
}

async function createChain(noiseSuppression: NoiseSuppression): Promise<ProcessingChain> {
  const chain = new ProcessingChain(() => performance.now() * 1_000);
  const loader = new StageLoader(chain);
  const others = { highPass: true, echoCancellation: false, gainControl: false, limiter: false };
  loader.setSettings({ ...others, noiseSuppression });
  await loader.settled();
  for (let count = 0; count < 10; count += 1) chain.process(new Float32Array(BLOCK_SAMPLES));
  return chain;
}

/** Speech in one noise through one setting. @param kind a key of NOISES, or `none` */
export async function measureNoise(
  clean: Float32Array,
  kind: string,
  suppression: NoiseSuppression,
): Promise<NoiseFigures> {
  const noisy = addNoise(clean, kind);
  const chain = await createChain(suppression);
  const processed = noisy.slice();
  const probabilities: number[] = [];
  const usedUs = startProcessorTime();
  for (let start = 0; start < processed.length; start += BLOCK_SAMPLES) {
    chain.process(processed.subarray(start, start + BLOCK_SAMPLES));
    probabilities.push(chain.voiceProbability);
  }
  const meanUs = usedUs() / probabilities.length;
  const delay = chain.delaySamples;
  const inTime = processed.subarray(delay);
  const cleanInTime = clean.subarray(0, inTime.length);
  const labels = label(clean);
  const pausePower = (sound: Float32Array): number => {
    const blocks = labels.pause.flatMap((isPause, block) => (isPause ? [block] : []));
    const powers = blocks.map((block) =>
      power(sound.subarray(block * BLOCK_SAMPLES, (block + 1) * BLOCK_SAMPLES)),
    );
    return powers.reduce((sum, each) => sum + each, 0) / powers.length;
  };
  const quiet = new Float32Array(clean.length);
  quiet.set(inTime);
  return {
    estoi: intelligibility(cleanInTime, inTime, RATE_HZ)?.estoi ?? Number.NaN,
    segmentalSnrDb: segmentalSnrDb(withoutRumble(clean), inTime),
    noiseReductionDb: kind === 'none' ? 0 : 10 * Math.log10(pausePower(noisy) / (pausePower(quiet) + 1e-12)),
    delayMs: delay / 48,
    meanUs,
    voiceAuc: areaUnderCurve(
      probabilities.filter((_, block) => labels.voice[block]),
      probabilities.filter((_, block) => labels.none[block]),
    ),
  };
}
