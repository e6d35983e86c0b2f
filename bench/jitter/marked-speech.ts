import { recordedSpeech } from '../../e2e/rig/speech.ts';

export const FRAME_SAMPLES = 960;
export const SAMPLES_PER_MS = 48;

/** Samples in which a mark is looked for: 5 ms, in which every mark has whole periods. */
export const BLOCK_SAMPLES = 240;

/** Marks are tones above speech, 400 Hz apart: orthogonal over a block, also behind a Hann window. */
export const MARKS = 15;
const FIRST_MARK_HZ = 17_000;
const MARK_STEP_HZ = 400;
const RATE_HZ = 48_000;

/** -60 dBFS: too little to change what a buffer makes of the speech. */
export const MARK_AMPLITUDE = 0.001;

/** Speech is cut off above this, so that nothing but marks is where the marks are. */
const SPEECH_CUTOFF_HZ = 14_500;
const FILTER_TAPS = 129;

/** One block of each mark's cosine and sine. */
const MARK_WAVES = Array.from({ length: MARKS }, (_, mark) => {
  const step = (2 * Math.PI * (FIRST_MARK_HZ + mark * MARK_STEP_HZ)) / RATE_HZ;
  return {
    cosine: Float32Array.from({ length: BLOCK_SAMPLES }, (_, at) => Math.cos(step * at)),
    sine: Float32Array.from({ length: BLOCK_SAMPLES }, (_, at) => Math.sin(step * at)),
  };
});

/** A windowed sinc (Blackman): 74 dB down in the stop band. */
function lowPass(samples: Float32Array): Float32Array {
  const middle = (FILTER_TAPS - 1) / 2;
  const cutoff = SPEECH_CUTOFF_HZ / RATE_HZ;
  const taps = Float64Array.from({ length: FILTER_TAPS }, (_, tap) => {
    const x = tap - middle;
    const sinc = x === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * x) / (Math.PI * x);
    const phase = (2 * Math.PI * tap) / (FILTER_TAPS - 1);
    return sinc * (0.42 - 0.5 * Math.cos(phase) + 0.08 * Math.cos(2 * phase));
  });
  return samples.map((_, at) => {
    let sum = 0;
    for (let tap = 0; tap < FILTER_TAPS; tap += 1)
      sum += (taps[tap] ?? 0) * (samples[at + tap - middle] ?? 0);
    return sum;
  });
}

/**
 * Speech in 20 ms frames, each with a tone far above it that tells frames apart, so that a tap behind any buffer
 * hears which frame is played when, and what is invented.
 */
export class MarkedSpeech {
  readonly #frames: readonly Float32Array[];

  /** @param speech 48 kHz mono, played over and over */
  constructor(speech: Float32Array) {
    const clean = lowPass(speech);
    const count = Math.floor(clean.length / FRAME_SAMPLES);
    this.#frames = Array.from({ length: count }, (_, at) =>
      clean.slice(at * FRAME_SAMPLES, (at + 1) * FRAME_SAMPLES),
    );
  }

  /** Recorded speech of Debian's alsa-utils, which the installer brings. */
  static recorded(): MarkedSpeech {
    const pieces = recordedSpeech();
    if (pieces.length === 0)
      throw new Error('No recorded speech is installed: the package alsa-utils has it.');
    const speech = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      speech.set(piece, at);
      at += piece.length;
    }
    return new MarkedSpeech(speech);
  }

  /** Writes a frame with a mark, 0 to MARKS - 1. */
  writeFrame(index: number, mark: number, into: Float32Array): void {
    this.writeUnmarked(index, into);
    const wave = MARK_WAVES[mark];
    if (!wave) return;
    for (let at = 0; at < FRAME_SAMPLES; at += 1) {
      into[at] = (into[at] ?? 0) + MARK_AMPLITUDE * (wave.cosine[at % BLOCK_SAMPLES] ?? 0);
    }
  }

  /** Writes a frame's speech alone: what a decoder might invent. */
  writeUnmarked(index: number, into: Float32Array): void {
    const frame = this.#frames[index % this.#frames.length];
    if (frame) into.set(frame);
  }
}

/** Loud hisses just below the marks would spill over them without it. */
const HANN_WINDOW = Float32Array.from(
  { length: BLOCK_SAMPLES },
  (_, at) => 1 - Math.cos((2 * Math.PI * (at + 0.5)) / BLOCK_SAMPLES),
);

/** How much of a mark is in a block of sound, 1 when it fills it. */
export function markShare(mark: number, block: Float32Array): number {
  const wave = MARK_WAVES[mark];
  if (!wave) return 0;
  let [real, imaginary] = [0, 0];
  for (let at = 0; at < BLOCK_SAMPLES; at += 1) {
    const sample = (block[at] ?? 0) * (HANN_WINDOW[at] ?? 0);
    real += sample * (wave.cosine[at] ?? 0);
    imaginary += sample * (wave.sine[at] ?? 0);
  }
  return (2 * Math.hypot(real, imaginary)) / BLOCK_SAMPLES / MARK_AMPLITUDE;
}

/** Which part of a block is before a mark that fills the rest of it with that share, 0 to 1. */
export function partBefore(share: number): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < 20; step += 1) {
    const middle = (low + high) / 2;
    // What a Hann window lets through after `middle`.
    if (1 - middle + Math.sin(2 * Math.PI * middle) / (2 * Math.PI) > share) low = middle;
    else high = middle;
  }
  return low;
}
