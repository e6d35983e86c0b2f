import type { Rng } from '../../src/core/base/rng.ts';
import { FRAME_SAMPLES } from './marked-speech.ts';
import { NetEq, type NetEqStatistics } from './neteq/neteq.ts';
import type { Arrival, BufferAccount, FrameSource, PlayoutBuffer } from './playout-buffer.ts';

/** NetEQ's thresholds are made for 16-bit samples. */
const FULL_SCALE = 32_768;

/** The port of NetEQ as a buffer under test. */
export class NetEqBuffer implements PlayoutBuffer {
  readonly #netEq: NetEq;
  readonly #source: FrameSource;
  #started = false;

  constructor(source: FrameSource, rng: Rng) {
    this.#netEq = new NetEq(rng);
    this.#source = source;
  }

  handlePacket(arrival: Arrival): void {
    this.#started = true;
    this.#netEq.insertPacket({
      sequence: arrival.sequence,
      timestamp: arrival.timestamp,
      samples: FRAME_SAMPLES,
      isDtx: false,
      decode: () => this.#decode(arrival.frame),
    });
  }

  pull(out: Float32Array): Uint8Array {
    if (!this.#started) {
      out.fill(0);
      return new Uint8Array(out.length);
    }
    const sound = this.#netEq.getAudio();
    for (let at = 0; at < out.length; at += 1) out[at] = (sound.samples[at] ?? 0) / FULL_SCALE;
    return sound.real;
  }

  account(): BufferAccount {
    const totals = this.statistics();
    return {
      stretchedSamples: totals.insertedSamplesForDeceleration + totals.removedSamplesForAcceleration,
      concealedSamples: totals.concealedSamples,
    };
  }

  statistics(): NetEqStatistics {
    return this.#netEq.statistics();
  }

  #decode(frame: number): Float32Array {
    const samples = new Float32Array(FRAME_SAMPLES);
    this.#source.decode(frame, samples);
    return samples.map((sample) => sample * FULL_SCALE);
  }
}
