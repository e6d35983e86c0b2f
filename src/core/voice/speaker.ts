import { type FrameDecoder, MAX_FRAME_SAMPLES } from '../jitter/frame-decoder.ts';
import type { QueueCounters } from '../jitter/frame-queue.ts';
import type { LossReport } from '../jitter/loss-window.ts';
import { Playout } from '../jitter/playout.ts';
import type { PlayoutStatistics } from '../jitter/playout-statistics.ts';
import { levelDb, SILENCE_DB } from './level.ts';

export type { FrameDecoder } from '../jitter/frame-decoder.ts';

/** A volume change is spread over this many samples (5 ms), so that it does not click. */
const VOLUME_RAMP_SAMPLES = 240;

/** One speaker on the receiving side: playout, decoder, volume. */
export class Speaker {
  readonly #playout: Playout;
  readonly #samples = new Float32Array(MAX_FRAME_SAMPLES);
  #volume = 1;
  #gain = 1;
  #levelDb = SILENCE_DB;
  #lastPacketMs = 0;

  /** @param frameSamples length of every frame, 48 kHz, as the channel's configuration says */
  constructor(frameSamples: number, decoder: FrameDecoder) {
    this.#playout = new Playout(frameSamples, decoder);
  }

  /** A frame of this speaker is being played or concealed right now. */
  get talking(): boolean {
    return this.#playout.talking;
  }

  /** Level of the block rendered last, before this user's volume, in dBFS. */
  get levelDb(): number {
    return this.talking ? this.#levelDb : SILENCE_DB;
  }

  get lastPacketMs(): number {
    return this.#lastPacketMs;
  }

  /** Linear gain, 0 to 2, reached smoothly. */
  setVolume(volume: number): void {
    this.#volume = volume;
  }

  /**
   * Takes in one frame; `payload` is copied.
   *
   * @param timestamp 48 kHz samples, u32
   * @param last the frame ends its talkspurt; it may then be empty
   * @param recovered it is a copy out of a redundant packet: it fills a hole, and says nothing about the network
   */
  handlePacket(
    sequence: number,
    timestamp: number,
    last: boolean,
    payload: Uint8Array,
    nowMs: number,
    recovered = false,
  ): void {
    this.#lastPacketMs = nowMs;
    this.#playout.handlePacket(sequence, timestamp, last, payload, nowMs, recovered);
  }

  /** Adds this speaker's next `count` samples to `mix`. */
  render(mix: Float32Array, count: number, audible: boolean, nowMs: number): void {
    for (let done = 0; done < count; ) {
      const run = Math.min(count - done, MAX_FRAME_SAMPLES);
      this.#playout.pull(this.#samples, run, nowMs + done / 48);
      if (this.talking) this.#levelDb = levelDb(this.#samples, run);
      this.#add(mix, done, run, audible ? this.#volume : 0);
      done += run;
    }
  }

  /** What became of packets, copies and frames since the start. */
  counters(): QueueCounters & {
    talkspurts: number;
    undecodable: number;
    depthFrames: number;
    concealedSamples: number;
    concealmentEvents: number;
  } {
    const { concealedSamples, concealmentEvents } = this.#playout.statistics();
    return {
      ...this.#playout.counters,
      talkspurts: this.#playout.talkspurtCount,
      undecodable: this.#playout.undecodableCount,
      depthFrames: this.#playout.depthFrames,
      concealedSamples,
      concealmentEvents,
    };
  }

  /** Sums and present state of the playout. */
  statistics(): PlayoutStatistics {
    return this.#playout.statistics();
  }

  /** Packets that were due since the last reading, and what was lost of them; the object is filled anew by the next reading. */
  lossWindow(): LossReport {
    return this.#playout.takeLossWindow();
  }

  #add(mix: Float32Array, offset: number, run: number, target: number): void {
    const step = 1 / VOLUME_RAMP_SAMPLES;
    for (let index = 0; index < run; index += 1) {
      if (this.#gain < target) this.#gain = Math.min(target, this.#gain + step);
      else if (this.#gain > target) this.#gain = Math.max(target, this.#gain - step);
      const sample = this.#samples[index] ?? 0;
      mix[offset + index] = (mix[offset + index] ?? 0) + sample * this.#gain;
    }
  }
}
