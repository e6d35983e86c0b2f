import { FRAME_SAMPLES, SAMPLES_PER_MS } from './marked-speech.ts';
import type { Arrival, BufferAccount, FrameSource, PlayoutBuffer } from './playout-buffer.ts';

/** After so many frames missed in a row (200 ms) the buffer starts anew with the next packet. */
const RESTART_FRAMES = 10;

/**
 * The simplest buffer: every packet is played a fixed time after it would have come at the pace of the fastest so far.
 * When it misses everything for a while it takes the network for another one.
 */
export class FixedBuffer implements PlayoutBuffer {
  readonly #delayMs: number;
  readonly #source: FrameSource;
  readonly #held = new Map<number, Arrival>();
  readonly #frame = new Float32Array(FRAME_SAMPLES);
  /** When the sample with timestamp 0 would have to be put out, null before the first packet. */
  #originMs: number | null = null;
  /** Timestamp of the frame in #frame. */
  #timestamp = 0;
  #offset = FRAME_SAMPLES;
  #missed = 0;
  #frameIsReal = false;
  #concealed = 0;

  constructor(delayMs: number, source: FrameSource) {
    this.#delayMs = delayMs;
    this.#source = source;
  }

  handlePacket(arrival: Arrival): void {
    const originMs = arrival.arrivalMs - arrival.timestamp / SAMPLES_PER_MS + this.#delayMs;
    if (this.#originMs === null || this.#missed >= RESTART_FRAMES) {
      this.#originMs = originMs;
      this.#missed = 0;
      this.#offset = FRAME_SAMPLES;
      this.#timestamp = arrival.timestamp - FRAME_SAMPLES;
      this.#held.clear();
    }
    this.#originMs = Math.min(this.#originMs, originMs);
    if (arrival.timestamp > this.#timestamp) this.#held.set(arrival.timestamp, arrival);
  }

  pull(out: Float32Array, nowMs: number): Float32Array {
    const real = new Float32Array(out.length);
    out.fill(0);
    for (let at = 0; at < out.length; at += 1) {
      if (this.#offset >= FRAME_SAMPLES && !this.#nextFrame(nowMs + at / SAMPLES_PER_MS)) continue;
      out[at] = this.#frame[this.#offset] ?? 0;
      real[at] = this.#frameIsReal ? 1 : 0;
      if (!this.#frameIsReal) this.#concealed += 1;
      this.#offset += 1;
    }
    return real;
  }

  account(): BufferAccount {
    return { stretchedSamples: 0, concealedSamples: this.#concealed };
  }

  /** @returns false when the time of the next frame has not come */
  #nextFrame(nowMs: number): boolean {
    if (this.#originMs === null) return false;
    const due = (nowMs - this.#originMs) * SAMPLES_PER_MS;
    const next = this.#timestamp + FRAME_SAMPLES;
    if (due < next - 1) return false;
    // A faster packet has moved the origin by whole frames: they are left out.
    const skipped = Math.max(0, Math.floor((due - next + 1) / FRAME_SAMPLES));
    this.#timestamp = next + skipped * FRAME_SAMPLES;
    this.#offset = 0;
    for (const timestamp of this.#held.keys()) {
      if (timestamp < this.#timestamp) this.#held.delete(timestamp);
    }
    const arrival = this.#held.get(this.#timestamp);
    this.#held.delete(this.#timestamp);
    this.#frameIsReal = arrival !== undefined;
    this.#missed = arrival ? 0 : this.#missed + 1;
    if (arrival) this.#source.decode(arrival.frame, this.#frame);
    else this.#frame.fill(0);
    return true;
  }
}
