import { TIMESTAMP_HZ } from '../wire/datagram.ts';
import type { Concealer } from './concealer.ts';
import type { SoundBuffer } from './sound-buffer.ts';
import { FADE_SAMPLES } from './time-stretch.ts';

const MS = TIMESTAMP_HZ / 1000;

/** Cross-fade from invented sound into the frame it stood in for, in samples: 2.5 ms, for the two are alike. */
const SPLICE_SAMPLES = 2.5 * MS;

/** Joins frames to what was played before them, and the end of a talkspurt to silence, so that nothing clicks. */
export class FrameJoin {
  private readonly sound: SoundBuffer;
  private readonly concealer: Concealer;
  private readonly tail = new Float32Array(FADE_SAMPLES);

  constructor(sound: SoundBuffer, concealer: Concealer) {
    this.sound = sound;
    this.concealer = concealer;
  }

  /** What was played goes on for a moment and fades: sound that breaks off would click. */
  fadeOut(): void {
    this.concealer.continueInto(this.tail, FADE_SAMPLES, this.sound);
    for (let at = 0; at < FADE_SAMPLES; at++) {
      this.tail[at] = ((this.tail[at] ?? 0) * (FADE_SAMPLES - at)) / FADE_SAMPLES;
    }
    this.sound.append(this.tail, 0, FADE_SAMPLES);
  }

  /** A talkspurt is cut out of running sound: the first of `length` samples fade in. */
  fadeIn(frame: Float32Array, length: number): void {
    const fade = Math.min(FADE_SAMPLES, length);
    for (let at = 0; at < fade; at++) frame[at] = ((frame[at] ?? 0) * (at + 0.5)) / fade;
  }

  /** Cross-fades what was played or invented last into a frame of `length` samples, from `skipped` on. */
  splice(frame: Float32Array, length: number, skipped: number): void {
    const fade = Math.min(this.fadeSamples, length - skipped);
    this.concealer.continueInto(this.tail, fade, this.sound);
    crossFade(this.tail, 0, frame, skipped, fade);
  }

  /** Puts the first `lead` samples of a frame behind what was invented, and makes the frame itself follow them. */
  leadIn(frame: Float32Array, lead: number): void {
    const { sound } = this;
    const fade = Math.min(this.fadeSamples, lead);
    this.concealer.continueInto(this.tail, fade, sound);
    sound.append(frame, 0, lead);
    crossFade(this.tail, 0, sound.samples, sound.end - lead, fade);
    crossFade(frame, lead, frame, 0, FADE_SAMPLES);
  }

  private get fadeSamples(): number {
    return this.concealer.isFading ? FADE_SAMPLES : SPLICE_SAMPLES;
  }
}

/** Fades `from`, from `fromAt` on, into `into`, in place; where both are one, `fromAt` is behind `intoAt`. */
function crossFade(
  from: Float32Array,
  fromAt: number,
  into: Float32Array,
  intoAt: number,
  count: number,
): void {
  for (let at = 0; at < count; at++) {
    const share = (at + 0.5) / count;
    into[intoAt + at] = (from[fromAt + at] ?? 0) * (1 - share) + (into[intoAt + at] ?? 0) * share;
  }
}
