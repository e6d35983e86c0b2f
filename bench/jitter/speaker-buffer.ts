import { type FrameDecoder, Speaker } from '../../src/core/voice/speaker.ts';
import { FRAME_SAMPLES } from './marked-speech.ts';
import type { Arrival, BufferAccount, FrameSource, PlayoutBuffer } from './playout-buffer.ts';

/** Bytes of a packet: which frame it holds. */
const PAYLOAD_BYTES = 4;

/** Our own receiving side, as the program uses it. */
export class SpeakerBuffer implements PlayoutBuffer {
  readonly #speaker: Speaker;
  readonly #payload = new Uint8Array(PAYLOAD_BYTES);
  readonly #view = new DataView(this.#payload.buffer);
  #decoded: number | null = null;

  constructor(source: FrameSource) {
    const decoder: FrameDecoder = {
      decode: (packet, into) => {
        const frame = new DataView(packet.buffer, packet.byteOffset).getUint32(0);
        this.#decoded = frame;
        source.decode(frame, into);
        return FRAME_SAMPLES;
      },
      conceal: (into) => {
        if (this.#decoded === null) return 0;
        source.conceal(this.#decoded, into);
        return FRAME_SAMPLES;
      },
    };
    this.#speaker = new Speaker(FRAME_SAMPLES, decoder);
  }

  handlePacket(arrival: Arrival): void {
    this.#view.setUint32(0, arrival.frame);
    this.#speaker.handlePacket(
      arrival.sequence,
      arrival.timestamp % 2 ** 32,
      arrival.last,
      this.#payload,
      arrival.arrivalMs,
    );
  }

  pull(out: Float32Array, nowMs: number): null {
    out.fill(0);
    this.#speaker.render(out, out.length, true, nowMs);
    return null;
  }

  account(): BufferAccount {
    const { insertedSamplesForDeceleration, removedSamplesForAcceleration, concealedSamples } =
      this.#speaker.statistics();
    return {
      stretchedSamples: insertedSamplesForDeceleration + removedSamplesForAcceleration,
      concealedSamples,
    };
  }
}
