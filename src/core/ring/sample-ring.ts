import { assert } from '../base/assert.ts';

/** Element of `indices` that the producer counts up, free-running u32 (samples or packets written since the start). */
export const WRITE_INDEX = 0;

/** Element of `indices` that the consumer counts up. A cache line (64 bytes) away, so that the two sides do not fight over one. */
export const READ_INDEX = 16;

/** Element of `indices` that the consumer sets to the write counter it would like to see. */
export const WANT_INDEX = READ_INDEX + 2;

/** Element of `indices` that the producer sets while it has nothing but silence to give. */
const QUIET_INDEX = WRITE_INDEX + 2;

/** Int32 elements before the data: two cache lines, the producer's and the consumer's. */
export const RING_HEADER_INTS = 32;

/** Largest ring, in samples: distances between the u32 counters must stay far from wrapping; 2^24 is 350 s of sound. */
export const MAX_RING_SAMPLES = 2 ** 24;

const OVERRUN_INDEX = WRITE_INDEX + 1;
const UNDERRUN_INDEX = READ_INDEX + 1;
const HEADER_BYTES = RING_HEADER_INTS * Int32Array.BYTES_PER_ELEMENT;

/** True for 1, 2, 4, 8… up to 2^30. */
export function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value <= 2 ** 30 && (value & (value - 1)) === 0;
}

/**
 * Ring of f32 samples between one producer and one consumer, on different threads or the same.
 *
 * No locks, no allocation after the constructor. Each side writes only its own counters, with Atomics; the
 * samples themselves are plain writes, made visible by the counter stored after them. The counters run freely
 * through 2^32: their difference is the fill level. A side that has nothing to do waits with
 * `Atomics.waitAsync(ring.indices, WRITE_INDEX or READ_INDEX, seen)`.
 *
 * Balance: pushed = pulled + discarded + `readable()`, in samples.
 */
export class SampleRing {
  /** The counters at `WRITE_INDEX` and `READ_INDEX`; read them with Atomics, wait on them, do not write. */
  readonly indices: Int32Array;
  readonly capacitySamples: number;
  private readonly samples: Float32Array;
  private readonly mask: number;

  /** Memory for a ring, zeroed. `capacitySamples` is a power of two up to `MAX_RING_SAMPLES`. */
  static allocate(capacitySamples: number): SharedArrayBuffer {
    assert(
      isPowerOfTwo(capacitySamples) && capacitySamples <= MAX_RING_SAMPLES,
      'the capacity of a sample ring is a power of two within MAX_RING_SAMPLES',
    );
    return new SharedArrayBuffer(HEADER_BYTES + capacitySamples * Float32Array.BYTES_PER_ELEMENT);
  }

  /** One end of the ring in `memory`, which came from `allocate`, maybe on another thread. */
  constructor(memory: SharedArrayBuffer) {
    this.indices = new Int32Array(memory, 0, RING_HEADER_INTS);
    this.samples = new Float32Array(memory, HEADER_BYTES);
    this.capacitySamples = this.samples.length;
    assert(isPowerOfTwo(this.capacitySamples), 'the memory of a sample ring comes from SampleRing.allocate');
    this.mask = this.capacitySamples - 1;
  }

  /**
   * Producer: copies the first `count` samples, as many as fit; the rest is dropped and counted as overrun.
   *
   * @returns how many were copied
   */
  push(samples: Float32Array, count: number): number {
    assert(count >= 0 && count <= samples.length, 'push takes at most the samples it is given');
    const write = Atomics.load(this.indices, WRITE_INDEX);
    const free = this.capacitySamples - ((write - Atomics.load(this.indices, READ_INDEX)) >>> 0);
    const copied = Math.min(count, free);
    // A loop and not set(subarray()): the view would be garbage on every frame.
    for (let i = 0; i < copied; i++) this.samples[(write + i) & this.mask] = samples[i] ?? 0;
    if (copied < count) Atomics.add(this.indices, OVERRUN_INDEX, count - copied);
    if (copied > 0) {
      Atomics.store(this.indices, WRITE_INDEX, write + copied);
      Atomics.notify(this.indices, WRITE_INDEX);
    }
    return copied;
  }

  /**
   * Consumer: fills the first `count` samples of `into`; what is not there becomes silence and counts as underrun.
   *
   * @returns how many came out of the ring
   */
  pull(into: Float32Array, count: number): number {
    assert(count >= 0 && count <= into.length, 'pull fills at most the buffer it is given');
    const read = Atomics.load(this.indices, READ_INDEX);
    const held = (Atomics.load(this.indices, WRITE_INDEX) - read) >>> 0;
    const copied = Math.min(count, held);
    for (let i = 0; i < copied; i++) into[i] = this.samples[(read + i) & this.mask] ?? 0;
    if (copied < count) {
      into.fill(0, copied, count);
      Atomics.add(this.indices, UNDERRUN_INDEX, count - copied);
    }
    this.advanceRead(read, copied);
    return copied;
  }

  /**
   * Consumer: drops up to `count` of the oldest samples unheard, for instance to catch up after a stall.
   *
   * @returns how many were dropped
   */
  discard(count: number): number {
    assert(count >= 0, 'discard takes a count');
    const read = Atomics.load(this.indices, READ_INDEX);
    const held = (Atomics.load(this.indices, WRITE_INDEX) - read) >>> 0;
    const dropped = Math.min(count, held);
    this.advanceRead(read, dropped);
    return dropped;
  }

  /**
   * Consumer: asks for `count` samples to be there at the next pull. A producer that makes its samples on demand
   * waits on `WANT_INDEX`, so that nothing grows old in the ring.
   */
  request(count: number): void {
    assert(count >= 0 && count <= this.capacitySamples, 'a request fits into the ring');
    Atomics.store(this.indices, WANT_INDEX, Atomics.load(this.indices, READ_INDEX) + count);
    Atomics.notify(this.indices, WANT_INDEX);
  }

  /** Producer: samples that were asked for and have not been pushed. */
  requested(): number {
    const missing = (Atomics.load(this.indices, WANT_INDEX) - Atomics.load(this.indices, WRITE_INDEX)) | 0;
    return Math.min(Math.max(0, missing), this.capacitySamples);
  }

  /**
   * Producer: until told otherwise there is nothing but silence. A consumer that sees it need not ask, nor wake the
   * producer: a machine on which nobody talks has little to do.
   */
  setQuiet(quiet: boolean): void {
    Atomics.store(this.indices, QUIET_INDEX, quiet ? 1 : 0);
  }

  /** The producer has nothing but silence, and nothing is left in the ring. */
  get quiet(): boolean {
    return Atomics.load(this.indices, QUIET_INDEX) === 1 && this.readable() === 0;
  }

  /** Samples that a consumer can pull now. */
  readable(): number {
    // The read counter first: read by the producer, the level may then be too high, never wrapped below zero.
    const read = Atomics.load(this.indices, READ_INDEX);
    const held = (Atomics.load(this.indices, WRITE_INDEX) - read) >>> 0;
    return Math.min(held, this.capacitySamples);
  }

  /** Samples that a producer can push now without an overrun. */
  writable(): number {
    return this.capacitySamples - this.readable();
  }

  /** Samples dropped by `push` for want of room, modulo 2^32. Either side may read it. */
  get overrunSamples(): number {
    return Atomics.load(this.indices, OVERRUN_INDEX) >>> 0;
  }

  /** Samples of silence that `pull` filled in, modulo 2^32. Either side may read it. */
  get underrunSamples(): number {
    return Atomics.load(this.indices, UNDERRUN_INDEX) >>> 0;
  }

  private advanceRead(read: number, by: number): void {
    if (by === 0) return;
    Atomics.store(this.indices, READ_INDEX, read + by);
    Atomics.notify(this.indices, READ_INDEX);
  }
}
