import { TIMESTAMP_HZ } from '../wire/datagram.ts';
import { SAMPLES_PER_MS } from './sample-rate.ts';

/** Level of the cue, in dBFS: below speech, so that it announces and does not startle. */
export const CUE_LEVEL_DB = -26;

/** Two tones, rising by a fifth: short enough to be over with the whisper's first syllable. */
const TONE_MS = 60;
const TONES_HZ = [784, 1175];

/** Each tone rises and falls by half a cosine of this length, in ms: without it both would click. */
const FADE_MS = 10;

/** Length of the cue, in samples. */
export const CUE_SAMPLES = TONES_HZ.length * TONE_MS * SAMPLES_PER_MS;

/** Between two cues, in ms: a conversation in whispers is announced once, not at each of its sentences. */
export const CUE_INTERVAL_MS = 2_000;

function renderCue(): Float32Array {
  const cue = new Float32Array(CUE_SAMPLES);
  const toneSamples = TONE_MS * SAMPLES_PER_MS;
  const fadeSamples = FADE_MS * SAMPLES_PER_MS;
  // A sine's level is 3 dB below its peak.
  const peak = Math.SQRT2 * 10 ** (CUE_LEVEL_DB / 20);
  for (let index = 0; index < CUE_SAMPLES; index += 1) {
    const within = index % toneSamples;
    const edge = Math.min(within, toneSamples - 1 - within);
    const gain = edge >= fadeSamples ? 1 : 0.5 - 0.5 * Math.cos((Math.PI * edge) / fadeSamples);
    const hz = TONES_HZ[Math.floor(index / toneSamples)] ?? 0;
    cue[index] = peak * gain * Math.sin((2 * Math.PI * hz * within) / TIMESTAMP_HZ);
  }
  return cue;
}

/** The soft signal that somebody begins to whisper to us. */
export class WhisperCue {
  readonly #cue = renderCue();
  #position = CUE_SAMPLES;
  #startedMs = Number.NEGATIVE_INFINITY;

  /** Starts the signal, unless the last one was less than CUE_INTERVAL_MS ago. */
  start(nowMs: number): void {
    if (nowMs - this.#startedMs < CUE_INTERVAL_MS) return;
    this.#startedMs = nowMs;
    this.#position = 0;
  }

  /** It is under way. */
  get sounds(): boolean {
    return this.#position < CUE_SAMPLES;
  }

  /** Adds the next `count` samples of the signal, if it is under way. */
  render(mix: Float32Array, count: number): void {
    const run = Math.min(count, CUE_SAMPLES - this.#position);
    for (let index = 0; index < run; index += 1) {
      mix[index] = (mix[index] ?? 0) + (this.#cue[this.#position + index] ?? 0);
    }
    this.#position += run;
  }
}
