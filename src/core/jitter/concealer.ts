import { TIMESTAMP_HZ } from '../wire/datagram.ts';
import type { ComfortNoise } from './comfort-noise.ts';
import { type FrameDecoder, MAX_FRAME_SAMPLES } from './frame-decoder.ts';
import { findLeadIn } from './lead-in.ts';
import { findPeriod, MAX_PERIOD_SAMPLES, MIN_PERIOD_SAMPLES, type PeriodMatch } from './pitch.ts';
import type { SoundBuffer } from './sound-buffer.ts';

const MS = TIMESTAMP_HZ / 1000;

/** Invented sound is as loud as the voice was for 60 ms, the length of a syllable's core, … */
const FADE_FROM_SAMPLES = 60 * MS;

/** … and gone after 140 ms: beyond, it is worse than silence. */
const FADE_TO_SAMPLES = 140 * MS;

/** A background without a voice goes on for a second, … */
const NOISE_FADE_FROM_SAMPLES = 1_000 * MS;

/** … and after one and a half nobody talks any more. */
export const BREAK_OFF_SAMPLES = 1_500 * MS;

/** How much is compared to find the pitch that goes on. */
const WINDOW_SAMPLES = 5 * MS;

/** Invents sound while none is there: the decoder's concealment first, then the background behind the voice. */
export class Concealer {
  private readonly decoder: FrameDecoder;
  private readonly noise: ComfortNoise;
  private readonly invented = new Float32Array(MAX_FRAME_SAMPLES);
  private readonly match: PeriodMatch = { lag: 0, likeness: 0 };
  private position = 0;
  private length = 0;
  private run = 0;

  constructor(decoder: FrameDecoder, noise: ComfortNoise) {
    this.decoder = decoder;
    this.noise = noise;
  }

  /** Samples invented in a row. */
  get inRow(): number {
    return this.run;
  }

  /** Nothing of the voice is left in what is invented. */
  get isSilent(): boolean {
    return this.run >= FADE_TO_SAMPLES;
  }

  /** What is invented has become fainter than the voice was. */
  get isFading(): boolean {
    return this.run > FADE_FROM_SAMPLES;
  }

  /** Samples of the voice that are invented and not yet used. */
  get remaining(): number {
    return this.length - this.position;
  }

  /** How much of `frame` may be played ahead of it; see findLeadIn. */
  findLeadIn(frame: Float32Array, length: number, holeSamples: number, likeness: number): number {
    const invented = this.isFading ? null : this.invented;
    return findLeadIn(frame, length, invented, this.position, holeSamples, invented === null ? 0 : likeness);
  }

  /** Real sound is there again. */
  reset(): void {
    this.run = 0;
    this.position = 0;
    this.length = 0;
  }

  /** Writes the next `count` invented samples. */
  produce(into: Float32Array, offset: number, count: number): void {
    for (let at = 0; at < count; at++) {
      const gain = voiceGain(this.run);
      if (this.position >= this.length && gain > 0) this.invent();
      const voice = this.position < this.length ? (this.invented[this.position++] ?? 0) : 0;
      const background = gain < 1 ? (1 - gain) * noiseGain(this.run) * this.noise.next() : 0;
      into[offset + at] = gain * voice + background;
      this.run++;
    }
  }

  /**
   * Writes `count` samples that go on from the end of what was played, to fade out while something else fades in.
   * The decoder is not asked: it has to decode the next frame from where it is.
   */
  continueInto(into: Float32Array, count: number, sound: SoundBuffer): void {
    if (this.run > 0 && (this.isSilent || this.length - this.position >= count)) {
      this.produce(into, 0, count);
      return;
    }
    const { samples, end } = sound;
    const at = end - WINDOW_SAMPLES;
    // No less than what is needed: a piece that is repeated within the fade would have a seam in it.
    const least = Math.max(MIN_PERIOD_SAMPLES, count);
    findPeriod(samples, at, -1, least, MAX_PERIOD_SAMPLES, WINDOW_SAMPLES, this.match);
    const { lag } = this.match;
    // The repetition begins where the sound ended: what differs there is taken back little by little.
    const offset = (samples[end - 1] ?? 0) - (samples[end - lag - 1] ?? 0);
    for (let index = 0; index < count; index++) {
      into[index] = (samples[end - lag + index] ?? 0) + offset * (1 - index / count);
    }
  }

  private invent(): void {
    this.position = 0;
    this.length = this.decoder.conceal(this.invented);
  }
}

function voiceGain(run: number): number {
  if (run <= FADE_FROM_SAMPLES) return 1;
  return Math.max(0, (FADE_TO_SAMPLES - run) / (FADE_TO_SAMPLES - FADE_FROM_SAMPLES));
}

function noiseGain(run: number): number {
  if (run <= NOISE_FADE_FROM_SAMPLES) return 1;
  return Math.max(0, (BREAK_OFF_SAMPLES - run) / (BREAK_OFF_SAMPLES - NOISE_FADE_FROM_SAMPLES));
}
