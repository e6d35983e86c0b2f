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
  /** Packets of silence put between the sender's. */
  #silences = 0;

  constructor(source: FrameSource, rng: Rng) {
    this.#netEq = new NetEq(rng);
    this.#source = source;
  }

  handlePacket(arrival: Arrival): void {
    this.#started = true;
    const sequence = arrival.sequence + this.#silences;
    this.#netEq.insertPacket({
      sequence,
      timestamp: arrival.timestamp,
      samples: FRAME_SAMPLES,
      isDtx: false,
      decode: () => this.#decode(arrival.frame),
    });
    if (!arrival.last) return;
    // Where we mark the last packet, Opus sends one of silence (DTX).
    this.#silences += 1;
    this.#netEq.insertPacket({
      sequence: sequence + 1,
      timestamp: arrival.timestamp + FRAME_SAMPLES,
      samples: FRAME_SAMPLES,
      isDtx: true,
      decode: () => new Float32Array(FRAME_SAMPLES),
    });
  }

  pull(out: Float32Array): Float32Array {
    if (!this.#started) {
      out.fill(0);
      return new Float32Array(out.length);
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
