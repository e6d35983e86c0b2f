import type { SeqNo, SessionToken } from '../base/brand.ts';
import { createHeader, encodeHeader, FLAG_LAST, HEADER_BYTES, MAX_DATAGRAM_BYTES } from '../wire/datagram.ts';

/** Where finished datagrams go. The bytes are valid only during the call. */
export interface VoiceSenderOut {
  sendDatagram(bytes: Uint8Array, lengthBytes: number): void;
}

/**
 * Turns encoded frames into voice datagrams of one session.
 *
 * The sequence counts on over talkspurts and never repeats within a session; a new token starts a new count.
 */
export class VoiceSender {
  readonly #header = createHeader();
  readonly #datagram = new Uint8Array(MAX_DATAGRAM_BYTES);
  #token: SessionToken | null = null;
  #sequence = 0;
  #sent = 0;
  #tooLong = 0;
  #withoutSession = 0;

  /** The session whose voice this is, or null between sessions: frames are then dropped and counted. */
  setToken(token: SessionToken | null): void {
    if (token === this.#token) return;
    this.#token = token;
    this.#sequence = 0;
  }

  /** @param timestamp of the frame's first sample, 48 kHz, u32 */
  handleFrame(
    packet: Uint8Array,
    lengthBytes: number,
    timestamp: number,
    last: boolean,
    out: VoiceSenderOut,
  ): void {
    if (this.#token === null) {
      this.#withoutSession += 1;
      return;
    }
    if (HEADER_BYTES + lengthBytes > MAX_DATAGRAM_BYTES) {
      this.#tooLong += 1;
      return;
    }
    this.#header.token = this.#token;
    this.#header.flags = last ? FLAG_LAST : 0;
    this.#header.sequence = this.#sequence as SeqNo;
    this.#header.timestamp = timestamp >>> 0;
    this.#sequence += 1;
    const payloadOffset = encodeHeader(this.#header, this.#datagram);
    for (let index = 0; index < lengthBytes; index += 1) {
      this.#datagram[payloadOffset + index] = packet[index] ?? 0;
    }
    this.#sent += 1;
    out.sendDatagram(this.#datagram, payloadOffset + lengthBytes);
  }

  counters(): Record<string, number> {
    return { sent: this.#sent, tooLong: this.#tooLong, withoutSession: this.#withoutSession };
  }
}
