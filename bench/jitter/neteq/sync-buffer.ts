import { cut, type MarkedSound, silence } from './marked-sound.ts';

/** 90 ms at 48 kHz: what was played last, and what is decoded but not yet played. */
const CAPACITY_SAMPLES = 4_320;

/** Decoded sound: what was played, a place in it, and what is to come. */
export class SyncBuffer {
  readonly #sound: MarkedSound = silence(CAPACITY_SAMPLES);
  /** First sample not yet played. */
  #next = CAPACITY_SAMPLES;

  get futureSamples(): number {
    return CAPACITY_SAMPLES - this.#next;
  }

  get samples(): Float32Array {
    return this.#sound.samples;
  }

  push(sound: MarkedSound): void {
    const length = Math.min(CAPACITY_SAMPLES, sound.samples.length);
    const from = sound.samples.length - length;
    this.#sound.samples.copyWithin(0, length);
    this.#sound.real.copyWithin(0, length);
    this.#sound.samples.set(sound.samples.subarray(from), CAPACITY_SAMPLES - length);
    this.#sound.real.set(sound.real.subarray(from), CAPACITY_SAMPLES - length);
    this.#next = Math.max(0, this.#next - length);
  }

  /** The last `length` samples, played or not. */
  tail(length: number): MarkedSound {
    return cut(this.#sound, CAPACITY_SAMPLES - length);
  }

  /** What is to be played. */
  future(): MarkedSound {
    return cut(this.#sound, this.#next);
  }

  /** Overwrites the last `sound.length` samples. */
  replaceTail(sound: MarkedSound): void {
    this.#sound.samples.set(sound.samples, CAPACITY_SAMPLES - sound.samples.length);
    this.#sound.real.set(sound.real, CAPACITY_SAMPLES - sound.samples.length);
  }

  /** Takes the last `length` samples away; what is before them moves to the end. */
  shrink(length: number): void {
    const kept = cut(this.#sound, 0, CAPACITY_SAMPLES - length);
    this.#sound.samples.fill(0, 0, length);
    this.#sound.real.fill(0, 0, length);
    this.#sound.samples.set(kept.samples, length);
    this.#sound.real.set(kept.real, length);
    this.#next = Math.min(CAPACITY_SAMPLES, this.#next + length);
  }

  /** Makes the last `length` samples the future, whatever was played of them. */
  keepFuture(length: number): void {
    this.#next = Math.min(this.#next, CAPACITY_SAMPLES - length);
  }

  /** Takes the next `length` samples out to be played. */
  take(length: number): MarkedSound {
    const taken = cut(this.#sound, this.#next, Math.min(CAPACITY_SAMPLES, this.#next + length));
    this.#next = Math.min(CAPACITY_SAMPLES, this.#next + length);
    return taken;
  }
}
