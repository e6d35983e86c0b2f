import { FILTER_TAPS, soundAt } from './interpolator.ts';

/** Rate of everything here: Opus is decoded at it. */
export const PLAYOUT_RATE_HZ = 48_000;
const SAMPLES_PER_MS = PLAYOUT_RATE_HZ / 1_000;

/** Delay to begin with, and its bounds, in ms: from a quiet wire to a bad mobile network. */
export const FIRST_TARGET_MS = 100;
export const MIN_TARGET_MS = 60;
export const MAX_TARGET_MS = 1_000;

/** What a dry buffer adds to the delay, in ms. */
const GROW_MS = 60;

/** How long the buffer is watched before the delay shrinks, by how much at most, and what must be left over, in ms. */
const WATCH_MS = 4_000;
const SHRINK_MS = 10;
const MARGIN_MS = 40;

/** Above the target by this much, in ms, sound is left out at once: after a jam everything that waited comes together. */
const SKIP_ABOVE_MS = 250;

/**
 * From this far off the target, in ms, the speed is changed, until it is as near as that: in between nothing is touched,
 * and what is heard is what was sent. A sound card that runs 100 ppm off comes here every three minutes.
 */
const OFF_MS = 20;
const NEAR_MS = 3;

/** How fast the speed follows the delay: 20 ms too much play 0.1 % faster. */
const SPEED_PER_SECOND = 0.05;

/** Least and most that the speed is changed: nine hundredths of a semitone, which nobody hears. */
const MIN_SPEED_CHANGE = 0.0005;
const MAX_SPEED_CHANGE = 0.005;

/** How slowly the level is taken: sound comes in steps of a packet, or of several. */
const LEVEL_SMOOTHING_MS = 1_500;

/** A hole in the sound of up to this is kept as silence, in ms; beyond it the program has gone on without us. */
const MAX_HOLE_MS = 1_000;

/** Nearer to a whole sample than this is on it: sums of fractions are not exact. */
const TINY = 1e-6;

/** Length of the ramps at holes and ends, in samples: 5 ms. */
const FADE_SAMPLES = 240;

/** Room of the ring, in samples: five seconds, a power of two. */
const RING_SAMPLES = 262_144;
const MASK = RING_SAMPLES - 1;

/** More than this is never held, in samples. */
const MAX_HELD_SAMPLES = RING_SAMPLES - (4 * PLAYOUT_RATE_HZ) / 10;

/** What the buffer does and has done. */
export interface PlayoutReading {
  /** Sound that waits, in ms. */
  readonly bufferedMs: number;
  /** Sound that shall wait, in ms. */
  readonly targetMs: number;
  /** 1: as it came. */
  readonly speed: number;
  readonly playing: boolean;
  /** Times it ran dry in the middle of a program. */
  readonly dry: number;
  /** Times it left out sound to catch up. */
  readonly skips: number;
  /** Holes in what came. */
  readonly holes: number;
}

/**
 * Sound on its way from the decoder to the sound card, whose clocks differ and which the network feeds unevenly. It
 * waits as long as the network needs, and plays a touch faster or slower to keep it so.
 */
export class PlayoutBuffer {
  readonly #left = new Float32Array(RING_SAMPLES);
  readonly #right = new Float32Array(RING_SAMPLES);
  /** Endless counts of samples: what came, and what was played. */
  #written = FILTER_TAPS;
  #read = FILTER_TAPS;
  #nextPosition: number | null = null;
  #playing = false;
  /** Rises at a beginning, and falls towards the end of what there is. */
  #gain = 0;
  /** The longest block that is asked for: it has to wait as a whole. */
  readonly #blockMs: number;
  #targetMs: number;
  #smoothMs: number;
  #lowestMs = Number.POSITIVE_INFINITY;
  #watchedMs = 0;
  #resting = true;
  #speed = 1;
  #correcting = false;
  #dry = 0;
  #skips = 0;
  #holes = 0;

  /** @param blockSamples the most that is asked for at once, where that is much */
  constructor(blockSamples = 0) {
    this.#blockMs = blockSamples / SAMPLES_PER_MS;
    this.#targetMs = FIRST_TARGET_MS + this.#blockMs;
    this.#smoothMs = this.#targetMs;
  }

  get reading(): PlayoutReading {
    return {
      bufferedMs: this.#levelMs,
      targetMs: this.#targetMs,
      speed: this.#speed,
      playing: this.#playing,
      dry: this.#dry,
      skips: this.#skips,
      holes: this.#holes,
    };
  }

  /**
   * Takes decoded sound.
   *
   * @param position place of its first sample in the program; what is missing before it becomes silence
   */
  push(left: Float32Array, right: Float32Array, position: number): void {
    this.#resting = false;
    const hole = this.#nextPosition === null ? 0 : position - this.#nextPosition;
    this.#nextPosition = position + left.length;
    const joined = hole === 0;
    if (!joined) {
      this.#holes += 1;
      this.#fadeOutEnd();
      if (hole > 0 && hole <= MAX_HOLE_MS * SAMPLES_PER_MS) this.#write(null, null, hole, false);
    }
    this.#write(left, right, left.length, !joined);
    // Nobody plays: the newest is kept.
    const tooMuch = this.#written - this.#read - MAX_HELD_SAMPLES;
    if (tooMuch > 0) this.#read += tooMuch;
  }

  /** Nothing more will come for now: it runs dry, and that is no fault. */
  rest(): void {
    if (this.#resting) return;
    this.#resting = true;
    this.#nextPosition = null;
    this.#fadeOutEnd();
  }

  /** Forgets what waits, as after a new connection. */
  clear(): void {
    this.#read = this.#written;
    this.#nextPosition = null;
    this.#playing = false;
    this.#resting = true;
  }

  /** Fills a block for the sound card. */
  pull(left: Float32Array, right: Float32Array): void {
    const count = left.length;
    if (!this.#playing) this.#begin();
    if (!this.#playing) {
      left.fill(0);
      right.fill(0);
      return;
    }
    this.#watch(count);
    const room = Math.floor((this.#written - this.#read - FILTER_TAPS / 2) / this.#speed);
    const whole = Math.max(0, Math.min(count, room));
    this.#render(left, right, whole, room);
    if (whole < count) this.#runDry(left, right, whole);
    else if (this.#levelMs > this.#targetMs + SKIP_ABOVE_MS) this.#skip(left, right);
  }

  get #levelMs(): number {
    return Math.max(0, this.#written - this.#read) / SAMPLES_PER_MS;
  }

  #begin(): void {
    if (this.#levelMs < (this.#resting ? Number.POSITIVE_INFINITY : this.#targetMs)) return;
    // What waited while nobody pulled is too much.
    this.#read = Math.max(this.#read, this.#written - Math.round(this.#targetMs * SAMPLES_PER_MS));
    this.#playing = true;
    this.#gain = 0;
    this.#smoothMs = this.#levelMs;
    this.#lowestMs = Number.POSITIVE_INFINITY;
    this.#watchedMs = 0;
    this.#speed = 1;
    this.#correcting = false;
  }

  #watch(count: number): void {
    const blockMs = count / SAMPLES_PER_MS;
    const levelMs = this.#levelMs;
    this.#smoothMs += ((levelMs - this.#smoothMs) * blockMs) / LEVEL_SMOOTHING_MS;
    this.#speed = this.#nextSpeed(count);
    this.#lowestMs = Math.min(this.#lowestMs, levelMs);
    this.#watchedMs += blockMs;
    if (this.#watchedMs < WATCH_MS) return;
    const spareMs = this.#lowestMs - this.#blockMs - MARGIN_MS;
    if (spareMs > 0)
      this.#targetMs = Math.max(MIN_TARGET_MS + this.#blockMs, this.#targetMs - Math.min(SHRINK_MS, spareMs));
    this.#lowestMs = Number.POSITIVE_INFINITY;
    this.#watchedMs = 0;
  }

  /** Speed of the next so many samples. */
  #nextSpeed(count: number): number {
    const offMs = this.#smoothMs - this.#targetMs;
    if (Math.abs(offMs) >= OFF_MS) this.#correcting = true;
    else if (Math.abs(offMs) <= NEAR_MS) this.#correcting = false;
    // Back to whole samples within this block, so that the next ones are played as they are.
    if (!this.#correcting || this.#resting) return (Math.round(this.#read + count) - this.#read) / count;
    const wanted = (Math.abs(offMs) / 1_000) * SPEED_PER_SECOND;
    return 1 + Math.sign(offMs) * Math.max(MIN_SPEED_CHANGE, Math.min(MAX_SPEED_CHANGE, wanted));
  }

  /** @param room samples that there are */
  #render(left: Float32Array, right: Float32Array, count: number, room: number): void {
    const nearest = Math.round(this.#read);
    if (Math.abs(this.#read - nearest) < TINY) this.#read = nearest;
    const asItIs = this.#speed === 1 && this.#read === nearest;
    for (let i = 0; i < count; i += 1) {
      this.#gain = Math.min(1, this.#gain + 1 / FADE_SAMPLES, (room - i) / FADE_SAMPLES);
      const at = this.#read & MASK;
      left[i] = (asItIs ? (this.#left[at] ?? 0) : soundAt(this.#left, MASK, this.#read)) * this.#gain;
      right[i] = (asItIs ? (this.#right[at] ?? 0) : soundAt(this.#right, MASK, this.#read)) * this.#gain;
      this.#read += this.#speed;
    }
  }

  /** Nothing is left; `#gain` has come down to nothing with it. */
  #runDry(left: Float32Array, right: Float32Array, count: number): void {
    left.fill(0, count);
    right.fill(0, count);
    this.#playing = false;
    this.#read = Math.min(this.#read, this.#written);
    if (this.#resting) return;
    this.#dry += 1;
    this.#targetMs = Math.min(MAX_TARGET_MS, this.#targetMs + GROW_MS);
  }

  /** Goes on where it should be, from one place to the other within this block. */
  #skip(left: Float32Array, right: Float32Array): void {
    this.#skips += 1;
    const count = left.length;
    const rest = this.#read;
    this.#read = Math.floor(this.#written - this.#targetMs * SAMPLES_PER_MS) - count;
    for (let i = 0; i < count; i += 1) {
      const gain = (i + 1) / count;
      const at = this.#read + i;
      left[i] = (left[i] ?? 0) * (1 - gain) + soundAt(this.#left, MASK, at) * gain;
      right[i] = (right[i] ?? 0) * (1 - gain) + soundAt(this.#right, MASK, at) * gain;
    }
    this.#read = Math.max(rest, this.#read + count);
    this.#smoothMs = this.#levelMs;
  }

  #write(left: Float32Array | null, right: Float32Array | null, count: number, fadeIn: boolean): void {
    for (let i = 0; i < count; i += 1) {
      const at = (this.#written + i) & MASK;
      const gain = fadeIn && i < FADE_SAMPLES ? i / FADE_SAMPLES : 1;
      this.#left[at] = (left?.[i] ?? 0) * gain;
      this.#right[at] = (right?.[i] ?? 0) * gain;
    }
    this.#written += count;
  }

  /** Brings the end of what waits down to silence, as far as it has not been played. */
  #fadeOutEnd(): void {
    const count = Math.min(FADE_SAMPLES, Math.max(0, Math.floor(this.#written - this.#read)));
    for (let i = 0; i < count; i += 1) {
      const at = (this.#written - 1 - i) & MASK;
      const gain = i / count;
      this.#left[at] = (this.#left[at] ?? 0) * gain;
      this.#right[at] = (this.#right[at] ?? 0) * gain;
    }
  }
}
