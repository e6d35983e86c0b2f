import { JitterBuffer, type JitterCounters, MAX_CONCEALED_FRAMES } from '../jitter/jitter-buffer.ts';
import { levelDb, SILENCE_DB } from './level.ts';

/** Opus decoder of one speaker, as the engine needs it. */
export interface FrameDecoder {
  /** @returns samples written, 0 when the packet cannot be decoded */
  decode(packet: Uint8Array, into: Float32Array): number;
  /** Fills in for one lost frame. @returns samples written, 0 when nothing was decoded before */
  conceal(into: Float32Array): number;
}

/** Longest frame an Opus packet can hold: 120 ms (RFC 6716, section 2.1.4). */
const MAX_FRAME_SAMPLES = 5760;

/** A volume change is spread over this many samples (5 ms), so that it does not click. */
const VOLUME_RAMP_SAMPLES = 240;

/** One speaker on the receiving side: jitter buffer, decoder, volume. */
export class Speaker {
  readonly #jitter: JitterBuffer;
  readonly #decoder: FrameDecoder;
  readonly #slot = JitterBuffer.createSlot();
  readonly #samples = new Float32Array(MAX_FRAME_SAMPLES);
  readonly #mergeSamples = new Float32Array(MAX_FRAME_SAMPLES);
  #position = 0;
  #length = 0;
  #volume = 1;
  #gain = 1;
  #levelDb = SILENCE_DB;
  #talking = false;
  #undecodable = 0;
  #concealedInRow = 0;
  /** What was played last had faded to nothing. */
  #fadedOut = false;
  #lastPacketMs = 0;

  constructor(frameSamples: number, decoder: FrameDecoder) {
    this.#jitter = new JitterBuffer({ frameSamples });
    this.#decoder = decoder;
  }

  /** A frame of this speaker is being played or concealed right now. */
  get talking(): boolean {
    return this.#talking;
  }

  /** Level of the frame being played, before this user's volume, in dBFS. */
  get levelDb(): number {
    return this.#talking ? this.#levelDb : SILENCE_DB;
  }

  get lastPacketMs(): number {
    return this.#lastPacketMs;
  }

  /** Linear gain, 0 to 2, reached smoothly. */
  setVolume(volume: number): void {
    this.#volume = volume;
  }

  handlePacket(sequence: number, timestamp: number, last: boolean, payload: Uint8Array, nowMs: number): void {
    this.#lastPacketMs = nowMs;
    this.#jitter.handlePacket(sequence, timestamp, last, payload, nowMs);
  }

  /** Adds this speaker's next `count` samples to `mix`. */
  render(mix: Float32Array, count: number, audible: boolean, nowMs: number): void {
    let done = 0;
    while (done < count) {
      if (this.#position >= this.#length && !this.#nextFrame(nowMs)) return;
      const run = Math.min(count - done, this.#length - this.#position);
      this.#add(mix, done, run, audible ? this.#volume : 0);
      done += run;
      this.#position += run;
    }
  }

  counters(): JitterCounters & { undecodable: number; depthFrames: number } {
    return {
      ...this.#jitter.counters(),
      undecodable: this.#undecodable,
      depthFrames: this.#jitter.depthFrames,
    };
  }

  #nextFrame(nowMs: number): boolean {
    this.#position = 0;
    this.#length = this.#decodeNext(nowMs);
    this.#talking = this.#length > 0;
    if (this.#talking) this.#levelDb = levelDb(this.#samples, this.#length);
    return this.#talking;
  }

  #decodeNext(nowMs: number): number {
    const playout = this.#jitter.pull(nowMs, this.#slot);
    if (playout === 'silence') return 0;
    if (playout === 'conceal') return this.#conceal();
    this.#concealedInRow = 0;
    const length = this.#decoder.decode(this.#slot.payload.subarray(0, this.#slot.length), this.#samples);
    if (length === 0) {
      // An empty LAST datagram carries no frame; anything else that does not decode is the sender's fault.
      if (this.#slot.length > 0) this.#undecodable += 1;
      return this.#slot.length > 0 ? this.#decoder.conceal(this.#samples) : 0;
    }
    if (this.#slot.secondLength > 0) this.#mergeSecond(length);
    if (this.#slot.talkspurtStart || this.#fadedOut) this.#fade(0, length, 0, 1);
    this.#fadedOut = false;
    if (this.#slot.talkspurtEnd) this.#fade(0, length, 1, 0);
    return length;
  }

  /** Invented sound that breaks off would click: the last frame that may be concealed in a row fades to nothing. */
  #conceal(): number {
    const length = this.#decoder.conceal(this.#samples);
    this.#concealedInRow += 1;
    if (this.#concealedInRow < MAX_CONCEALED_FRAMES) return length;
    this.#concealedInRow = 0;
    this.#fadedOut = true;
    this.#fade(0, length, 1, 0);
    return length;
  }

  /** Two frames become one by a cross-fade: the delay shrinks by a frame without a click. */
  #mergeSecond(length: number): void {
    const second = this.#decoder.decode(
      this.#slot.second.subarray(0, this.#slot.secondLength),
      this.#mergeSamples,
    );
    const run = Math.min(length, second);
    for (let index = 0; index < run; index += 1) {
      const share = (index + 1) / run;
      const before = this.#samples[index] ?? 0;
      const after = this.#mergeSamples[index] ?? 0;
      this.#samples[index] = before * (1 - share) + after * share;
    }
  }

  /** A talkspurt is cut out of running sound: its first and last 5 ms are faded so that the cut is not heard. */
  #fade(start: number, length: number, from: number, to: number): void {
    const run = Math.min(length, VOLUME_RAMP_SAMPLES);
    const offset = from < to ? start : start + length - run;
    for (let index = 0; index < run; index += 1) {
      const gain = from + ((to - from) * (index + 1)) / run;
      this.#samples[offset + index] = (this.#samples[offset + index] ?? 0) * gain;
    }
  }

  #add(mix: Float32Array, offset: number, run: number, target: number): void {
    const step = 1 / VOLUME_RAMP_SAMPLES;
    for (let index = 0; index < run; index += 1) {
      if (this.#gain < target) this.#gain = Math.min(target, this.#gain + step);
      else if (this.#gain > target) this.#gain = Math.max(target, this.#gain - step);
      const sample = this.#samples[this.#position + index] ?? 0;
      mix[offset + index] = (mix[offset + index] ?? 0) + sample * this.#gain;
    }
  }
}
