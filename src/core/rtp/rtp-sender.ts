import type { Rng } from '../base/rng.ts';
import { INTERLEAVED_HEADER_BYTES } from './interleaved-frame.ts';
import { RTP_HEADER_BYTES, writeRtpHeader } from './rtp-packet.ts';

/** Values that a sequence number runs through. */
const SEQUENCES = 2 ** 16;

/**
 * One source of RTP packets: its identifier and its sequence numbers, which begin anywhere (RFC 3550, section 5.1),
 * and what a sender report counts.
 */
export class RtpSender {
  readonly payloadType: number;
  readonly ssrc: number;
  #nextSequence: number;
  #packets = 0;
  #octets = 0;

  constructor(payloadType: number, rng: Rng) {
    this.payloadType = payloadType;
    this.ssrc = Math.floor(rng.next() * 2 ** 32);
    this.#nextSequence = Math.floor(rng.next() * SEQUENCES);
  }

  get nextSequence(): number {
    return this.#nextSequence;
  }

  /** Packets sent, as a sender report says it: modulo 2^32. */
  get packets(): number {
    return this.#packets >>> 0;
  }

  /** Bytes of payload sent, modulo 2^32. */
  get octets(): number {
    return this.#octets >>> 0;
  }

  /** Packets that are not sent: whoever receives sees that they are missing. */
  skip(packets: number): void {
    this.#nextSequence = (this.#nextSequence + packets) % SEQUENCES;
  }

  /**
   * A packet with `payload`, byte for byte.
   *
   * @returns INTERLEAVED_HEADER_BYTES of room, then the packet: whoever sends it inside a connection writes there
   */
  packet(payload: Uint8Array, timestamp: number, marker: boolean): Uint8Array {
    const bytes = new Uint8Array(INTERLEAVED_HEADER_BYTES + RTP_HEADER_BYTES + payload.length);
    const { payloadType, ssrc } = this;
    writeRtpHeader(bytes, INTERLEAVED_HEADER_BYTES, {
      payloadType,
      ssrc,
      marker,
      timestamp,
      sequence: this.#nextSequence,
    });
    bytes.set(payload, INTERLEAVED_HEADER_BYTES + RTP_HEADER_BYTES);
    this.skip(1);
    this.#packets = (this.#packets + 1) % 2 ** 32;
    this.#octets = (this.#octets + payload.length) % 2 ** 32;
    return bytes;
  }
}
