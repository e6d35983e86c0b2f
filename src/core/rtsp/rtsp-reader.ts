import { INTERLEAVED_HEADER_BYTES, INTERLEAVED_MAGIC } from '../rtp/interleaved-frame.ts';
import { readUint16 } from '../rtp/rtp-packet.ts';
import { type HeadFailure, type RtspHead, readHead } from './rtsp-request.ts';
import { latin1Text } from './text-bytes.ts';

/** Longest message, head and body: what the seed admits, and many times what a player sends. */
export const MAX_MESSAGE_BYTES = 65_536;

const FIRST_CAPACITY_BYTES = 2_048;
const CR = 13;
const LF = 10;

export type ReadFailure = HeadFailure | 'messageTooLarge';

/** What comes in over an RTSP connection. */
export type RtspItem =
  | { readonly kind: 'request'; readonly head: RtspHead; readonly bodyBytes: number }
  /** A packet inside the connection; valid until the next call. */
  | { readonly kind: 'packet'; readonly channel: number; readonly packet: Uint8Array }
  | { readonly kind: 'response' }
  /** Nobody knows where the next message would begin: nothing is read any more. */
  | { readonly kind: 'malformed'; readonly reason: ReadFailure };

/**
 * Takes the bytes of an RTSP connection apart: requests, one behind the other as they come, packets between them, and
 * answers to what nobody asked. It holds one message at most.
 */
export class RtspReader {
  #bytes = new Uint8Array(FIRST_CAPACITY_BYTES);
  #from = 0;
  #to = 0;
  /** Up to here there is no end of the head that begins at `#from`. */
  #searched = 0;
  /** A message whose head was read is not whole before so many bytes are held. */
  #awaitedBytes = 0;
  #broken = false;

  /** Bytes of a message that is not complete. */
  get heldBytes(): number {
    return this.#to - this.#from;
  }

  push(bytes: Uint8Array): void {
    if (this.#broken) return;
    this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#to);
    this.#to += bytes.length;
  }

  /** @returns null: the next message is not complete */
  next(): RtspItem | null {
    if (this.#broken) return null;
    this.#passEmptyLines();
    if (this.heldBytes === 0) return null;
    return this.#bytes[this.#from] === INTERLEAVED_MAGIC ? this.#packet() : this.#message();
  }

  #makeRoom(needed: number): void {
    if (this.#to + needed <= this.#bytes.length) return;
    const held = this.heldBytes;
    const capacity = Math.max(held + needed, Math.min(2 * held, 2 * MAX_MESSAGE_BYTES), FIRST_CAPACITY_BYTES);
    const bytes = capacity <= this.#bytes.length ? this.#bytes : new Uint8Array(capacity);
    bytes.set(this.#bytes.subarray(this.#from, this.#to));
    this.#bytes = bytes;
    this.#searched -= this.#from;
    this.#from = 0;
    this.#to = held;
  }

  /** Some players end a message with one too many. */
  #passEmptyLines(): void {
    while (this.#from < this.#to) {
      const byte = this.#bytes[this.#from];
      if (byte !== CR && byte !== LF) break;
      this.#from += 1;
    }
    this.#searched = Math.max(this.#searched, this.#from);
  }

  #packet(): RtspItem | null {
    if (this.heldBytes < INTERLEAVED_HEADER_BYTES) return null;
    const from = this.#from + INTERLEAVED_HEADER_BYTES;
    const to = from + readUint16(this.#bytes, this.#from + 2);
    if (to > this.#to) return null;
    const channel = this.#bytes[this.#from + 1] ?? 0;
    this.#pass(to);
    return { kind: 'packet', channel, packet: this.#bytes.subarray(from, to) };
  }

  #message(): RtspItem | null {
    if (this.heldBytes < this.#awaitedBytes) return null;
    const end = this.#headEnd();
    if (end === null) return this.heldBytes > MAX_MESSAGE_BYTES ? this.#fail('messageTooLarge') : null;
    if (end.next - this.#from > MAX_MESSAGE_BYTES) return this.#fail('messageTooLarge');
    // Read again when the body is complete, and not before: rare, and bodies of players are empty.
    const reading = readHead(latin1Text(this.#bytes.subarray(this.#from, end.head)));
    if (!reading.ok) return this.#fail(reading.reason);
    const bodyBytes = reading.kind === 'request' ? reading.head.contentLength : reading.contentLength;
    if (end.next - this.#from + bodyBytes > MAX_MESSAGE_BYTES) return this.#fail('messageTooLarge');
    this.#awaitedBytes = end.next - this.#from + bodyBytes;
    if (this.heldBytes < this.#awaitedBytes) return null;
    this.#pass(end.next + bodyBytes);
    if (reading.kind === 'response') return { kind: 'response' };
    return { kind: 'request', head: reading.head, bodyBytes };
  }

  /** Where the head ends (without its last line's end) and what follows begins: an empty line is between them. */
  #headEnd(): { readonly head: number; readonly next: number } | null {
    for (let at = Math.max(this.#searched, this.#from); at < this.#to; at += 1) {
      if (this.#bytes[at] !== LF) continue;
      const then = this.#bytes[at + 1] === CR ? at + 2 : at + 1;
      if (then >= this.#to) {
        this.#searched = at;
        return null;
      }
      if (this.#bytes[then] !== LF) continue;
      this.#searched = at;
      const head = this.#bytes[at - 1] === CR ? at - 1 : at;
      return { head, next: then + 1 };
    }
    this.#searched = this.#to;
    return null;
  }

  #pass(to: number): void {
    this.#from = to;
    this.#searched = to;
    this.#awaitedBytes = 0;
  }

  #fail(reason: ReadFailure): RtspItem {
    this.#broken = true;
    this.#bytes = new Uint8Array(0);
    this.#from = 0;
    this.#to = 0;
    return { kind: 'malformed', reason };
  }
}
