import { noise } from '../../e2e/sound/signals.ts';
import { intelligibility } from '../../e2e/sound/stoi.ts';
import { createRng } from '../../src/core/base/rng.ts';
import { ProcessingChain, type ProcessingSettings } from '../../src/core/processing/processing-chain.ts';
import { BLOCK_SAMPLES } from '../../src/core/processing/processing-stage.ts';
import { StageLoader } from '../../src/main/voice/processing/stage-loader.ts';
import { startProcessorTime } from './processor-time.ts';
import { createRoom, heardBy, reverberate } from './room.ts';

const RATE_HZ = 48_000;
const RT60_SECONDS = 0.35;

/** Loudspeaker at half a metre, and at one and a half: direct sound over reverberation, in dB. */
export const NEAR_LOUDSPEAKER_DB = 0;
export const FAR_LOUDSPEAKER_DB = -9.5;

/** The echo is this much quieter than what is played, in dB: the volume is turned up. */
const ECHO_DB = -7;

/** A quiet microphone is not silent: amplitude of -80 dBFS. */
export const MICROPHONE_NOISE = 1e-4;

/** First somebody is only heard, then both speak. In seconds. */
const SINGLE_TALK_SECONDS = 12;
const DOUBLE_TALK_SECONDS = 10;
const SCENE_SAMPLES = (SINGLE_TALK_SECONDS + DOUBLE_TALK_SECONDS) * RATE_HZ;

/** Echo loss is taken over the second that begins at its time. */
const WINDOW_SAMPLES = RATE_HZ;

export interface Scene {
  readonly seed: number;
  readonly driftPpm: number;
  readonly deviceDelayMs: number;
  readonly directDb: number;
  readonly suppression: ProcessingSettings['noiseSuppression'];
}

export interface EchoFigures {
  readonly erleAt2sDb: number;
  readonly erleAt5sDb: number;
  readonly erleAt10sDb: number;
  readonly doubleTalkEstoi: number;
  readonly unprocessedEstoi: number;
  /** Processor time of the whole chain, per 10 ms. */
  readonly meanUs: number;
}

export interface EchoSound {
  /** What the loudspeaker is given. */
  readonly played: Float32Array;
  /** What is said into the microphone, clean: silence, then speech. */
  readonly near: Float32Array;
  /** What the microphone hears. */
  readonly heard: Float32Array;
}

export function energy(sound: Float32Array): number {
  return sound.reduce((sum, sample) => sum + sample * sample, 0);
}

/** Far end, near end, and what the microphone makes of both in a room. */
export function makeSound(
  speech: Float32Array,
  scene: Pick<Scene, 'seed' | 'driftPpm' | 'deviceDelayMs' | 'directDb'>,
): EchoSound {
  const rng = createRng(scene.seed);
  const doubleTalkStart = SINGLE_TALK_SECONDS * RATE_HZ;
  const played = speech.slice(0, SCENE_SAMPLES);
  // Other words than those played at the same time.
  const near = new Float32Array(SCENE_SAMPLES);
  near.set(speech.subarray(0, DOUBLE_TALK_SECONDS * RATE_HZ), doubleTalkStart);
  const delay = (scene.deviceDelayMs * RATE_HZ) / 1000;
  const echo = heardBy(
    reverberate(played, createRoom(RT60_SECONDS, scene.directDb, rng)),
    delay,
    scene.driftPpm,
  );
  const gain = Math.sqrt(energy(played) / energy(echo)) * 10 ** (ECHO_DB / 20);
  const hiss = noise(SCENE_SAMPLES, MICROPHONE_NOISE, rng);
  const heard = near.map((sample, index) => sample + gain * (echo[index] ?? 0) + (hiss[index] ?? 0));
  return { played, near, heard };
}

/** A chain as the encoder has it, its stages loaded and switched on. */
export async function createChain(settings: Partial<ProcessingSettings>): Promise<ProcessingChain> {
  const chain = new ProcessingChain(() => performance.now() * 1_000);
  const loader = new StageLoader(chain);
  loader.setSettings({
    highPass: true,
    echoCancellation: true,
    noiseSuppression: 'off',
    gainControl: false,
    limiter: true,
    ...settings,
  });
  await loader.settled();
  const silence = new Float32Array(BLOCK_SAMPLES);
  // Long enough for every stage to be switched on.
  for (let count = 0; count < 10; count += 1) {
    chain.handleReference(silence);
    chain.process(silence.fill(0));
  }
  return chain;
}

/** Runs a part of the sound through a chain, in place of `into`. */
export function runChain(chain: ProcessingChain, sound: EchoSound, into: Float32Array, fromBlock = 0): void {
  for (let start = fromBlock * BLOCK_SAMPLES; start + BLOCK_SAMPLES <= into.length; start += BLOCK_SAMPLES) {
    const block = into.subarray(start, start + BLOCK_SAMPLES);
    block.set(sound.heard.subarray(start, start + BLOCK_SAMPLES));
    chain.handleReference(sound.played.subarray(start, start + BLOCK_SAMPLES));
    chain.process(block);
  }
}

/** How much quieter the echo got in the second from `atSeconds` on, in dB. */
export function echoLossDb(
  sound: EchoSound,
  processed: Float32Array,
  delay: number,
  atSeconds: number,
): number {
  const start = atSeconds * RATE_HZ;
  const before = energy(sound.heard.subarray(start, start + WINDOW_SAMPLES));
  const after = energy(processed.subarray(start + delay, start + delay + WINDOW_SAMPLES));
  return 10 * Math.log10(before / after);
}

/** One room, one clock, one device, through a fresh chain. */
export async function measureEcho(speech: Float32Array, scene: Scene): Promise<EchoFigures> {
  const sound = makeSound(speech, scene);
  const chain = await createChain({ noiseSuppression: scene.suppression });
  const processed = new Float32Array(SCENE_SAMPLES);
  const usedUs = startProcessorTime();
  runChain(chain, sound, processed);
  const meanUs = usedUs() / (SCENE_SAMPLES / BLOCK_SAMPLES);
  const delay = chain.delaySamples;
  const start = SINGLE_TALK_SECONDS * RATE_HZ;
  const clean = sound.near.subarray(start, SCENE_SAMPLES - delay);
  return {
    erleAt2sDb: echoLossDb(sound, processed, delay, 2),
    erleAt5sDb: echoLossDb(sound, processed, delay, 5),
    erleAt10sDb: echoLossDb(sound, processed, delay, 10),
    doubleTalkEstoi: intelligibility(clean, processed.subarray(start + delay), RATE_HZ)?.estoi ?? Number.NaN,
    unprocessedEstoi: intelligibility(clean, sound.heard.subarray(start), RATE_HZ)?.estoi ?? Number.NaN,
    meanUs,
  };
}
