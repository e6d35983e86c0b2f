import { assert } from '../base/assert.ts';
import type { SeqNo, SessionToken } from '../base/brand.ts';
import { type Counters, createCounters } from '../base/counters.ts';
import { FrameCopies } from '../redundancy/frame-copies.ts';
import type { SealingKey } from '../seal/aead-key.ts';
import { CHANNEL_TARGET } from '../seal/key-ring.ts';
import { SEALED_OVERHEAD_BYTES, sealDatagram } from '../seal/sealed-datagram.ts';
import {
  createHeader,
  encodeHeader,
  FLAG_LAST,
  FLAG_REDUNDANT,
  FLAG_SEALED,
  FLAG_WHISPER,
  HEADER_BYTES,
  MAX_DATAGRAM_BYTES,
  WHISPER_TARGET_BYTES,
} from '../wire/datagram.ts';
import { opusPacketSamples } from './opus-duration.ts';
import { MAX_WHISPER_SLOTS } from './whisper-schedule.ts';

/** Where finished datagrams go. The bytes are valid only during the call. */
export interface VoiceSenderOut {
  sendDatagram(bytes: Uint8Array, lengthBytes: number): void;
}

/** Targets whose datagrams are counted one by one: those with a key, and as many again that had one lately. */
export const MAX_COUNTED_TARGETS = 2 * (MAX_WHISPER_SLOTS + 1);

/**
 * How long a sender goes on under the key before, in ms: members learn of an epoch by lanes of different length, and
 * whoever has not heard of it yet could not open what is sealed under its key.
 */
export const KEY_CHANGE_DELAY_MS = 150;

/** Every frame handed in is counted under one of these. */
const counterNames = ['sent', 'tooLong', 'withoutSession', 'withoutKey'] as const;

interface Stream {
  key: SealingKey | null;
  /** Of the next datagram. Only ever grows. */
  sequence: number;
}

/**
 * Turns encoded frames into sealed voice datagrams of one session. What cannot be sealed is not sent.
 *
 * Each target (the channel, each whisper) counts its own datagrams, over talkspurts and over changes of its key; no
 * number comes twice within a session. A sending key must be handed in under one session of one sender only: the
 * counts end with them, and a number used twice under one key gives that key's secrets away.
 */
export class VoiceSender {
  readonly #header = createHeader();
  readonly #datagram = new Uint8Array(MAX_DATAGRAM_BYTES);
  readonly #streams = new Map<number, Stream>();
  readonly #copies = new FrameCopies();
  readonly #counters: Counters<(typeof counterNames)[number]> = createCounters(counterNames);
  readonly #totals = { bytesSent: 0, copiesSent: 0 };
  /** The channel key that comes next, and from when on. */
  #nextKey: { readonly key: SealingKey; readonly fromMs: number } | null = null;
  #token: SessionToken | null = null;
  #connected = false;
  readonly #startSequence: number;
  /** Where a target begins to count that is not among `#streams`: no lower than any that was forgotten. */
  #firstSequence: number;

  /**
   * @param startSequence where every target begins to count. A sender that takes over a session from one that is gone
   * begins above what that one can have used: receivers take no number twice, whatever the key
   */
  constructor(startSequence = 0) {
    this.#startSequence = startSequence;
    this.#firstSequence = startSequence;
  }

  /**
   * How many earlier frames of the talkspurt go along with each from now on, and how far apart (see FrameCopies).
   */
  setRedundancy(copies: number, spacing: number): void {
    this.#copies.setRedundancy(copies, spacing);
  }

  /**
   * The session whose voice this is, or null between sessions: frames are then dropped and counted.
   *
   * The same token again (a session resumed) goes on with its keys and counts; null drops the keys; another token
   * begins to count anew.
   */
  setToken(token: SessionToken | null): void {
    this.#connected = token !== null;
    if (token !== this.#token) this.#nextKey = null;
    this.#copies.clear();
    if (token === null) {
      for (const stream of this.#streams.values()) stream.key = null;
    } else if (token !== this.#token) {
      this.#token = token;
      this.#streams.clear();
      this.#firstSequence = this.#startSequence;
    }
  }

  /** The key for our voice in the channel, from now on; null: nothing may be sent. */
  setChannelKey(key: SealingKey | null): void {
    this.#nextKey = null;
    this.#setKey(CHANNEL_TARGET, key);
  }

  /**
   * The key of a new epoch: used KEY_CHANGE_DELAY_MS later, at once where there is none to go on with. Handed in again,
   * it changes nothing.
   */
  renewChannelKey(key: SealingKey, nowMs: number): void {
    const present = this.#streams.get(CHANNEL_TARGET)?.key ?? null;
    if (present === null) this.setChannelKey(key);
    else if (isSameKey(present, key)) this.#nextKey = null;
    else if (this.#nextKey === null || !isSameKey(this.#nextKey.key, key))
      this.#nextKey = { key, fromMs: nowMs + KEY_CHANGE_DELAY_MS };
  }

  /** Call it before frames are handed in, or at `nextDeadlineMs`. */
  handleDeadline(nowMs: number): void {
    if (this.#nextKey !== null && nowMs >= this.#nextKey.fromMs) this.setChannelKey(this.#nextKey.key);
  }

  /** When the key of the next epoch is to be used. */
  nextDeadlineMs(): number | null {
    return this.#nextKey?.fromMs ?? null;
  }

  /** The key for whispers to `target`, a session token or a whisper list. */
  setWhisperKey(target: number, key: SealingKey | null): void {
    assert(target !== CHANNEL_TARGET, 'a whisper goes to a session or a list');
    this.#setKey(target, key);
  }

  /**
   * Seals and sends one frame.
   *
   * @param lengthBytes of the packet; 0 only with `last`
   * @param timestamp of the frame's first sample, 48 kHz, u32
   * @param target CHANNEL_TARGET, or as in `setWhisperKey`
   */
  handleFrame(
    packet: Uint8Array,
    lengthBytes: number,
    timestamp: number,
    last: boolean,
    target: number,
    out: VoiceSenderOut,
  ): void {
    if (this.#token === null || !this.#connected) {
      this.#counters.withoutSession += 1;
      return;
    }
    const stream = this.#streams.get(target);
    if (stream === undefined || stream.key === null) {
      this.#counters.withoutKey += 1;
      return;
    }
    const whisper = target !== CHANNEL_TARGET;
    const headerBytes = whisper ? HEADER_BYTES + WHISPER_TARGET_BYTES : HEADER_BYTES;
    if (headerBytes + lengthBytes + SEALED_OVERHEAD_BYTES > MAX_DATAGRAM_BYTES) {
      this.#counters.tooLong += 1;
      return;
    }
    const room = MAX_DATAGRAM_BYTES - headerBytes - SEALED_OVERHEAD_BYTES;
    const plain = packet.subarray(0, lengthBytes);
    const samples = opusPacketSamples(plain);
    const redundantBytes = this.#copies.compose(plain, timestamp >>> 0, samples, last, target, room);
    const header = this.#header;
    header.token = this.#token;
    header.flags =
      FLAG_SEALED |
      (whisper ? FLAG_WHISPER : 0) |
      (redundantBytes > 0 ? FLAG_REDUNDANT : 0) |
      (last ? FLAG_LAST : 0);
    header.sequence = stream.sequence as SeqNo;
    header.timestamp = timestamp >>> 0;
    header.target = target;
    stream.sequence += 1;
    const payloadOffset = encodeHeader(header, this.#datagram);
    const plaintext = redundantBytes > 0 ? this.#copies.payload.subarray(0, redundantBytes) : plain;
    const sealedBytes = sealDatagram(this.#datagram, payloadOffset, header.sequence, plaintext, stream.key);
    this.#counters.sent += 1;
    this.#totals.bytesSent += sealedBytes;
    this.#totals.copiesSent += this.#copies.copyCount;
    out.sendDatagram(this.#datagram, sealedBytes);
  }

  /**
   * Frames by what became of them, and what went along: datagrams in bytes, copies, and copies that did not fit.
   */
  counters(): Record<string, number> {
    return { ...this.#counters, ...this.#totals, copiesLeftOut: this.#copies.leftOut };
  }

  #setKey(target: number, key: SealingKey | null): void {
    const known = this.#streams.get(target);
    if (known !== undefined) {
      // What was said under one key is not said again under the next: newcomers hold that one too.
      this.#copies.clearTarget(target);
      known.key = key;
      return;
    }
    if (key === null) return;
    this.#forgetKeylessStreams();
    this.#streams.set(target, { key, sequence: this.#firstSequence });
  }

  /** Their numbers stay used: whoever comes after them begins above. */
  #forgetKeylessStreams(): void {
    if (this.#streams.size < MAX_COUNTED_TARGETS) return;
    for (const [target, stream] of this.#streams) {
      if (stream.key !== null) continue;
      this.#firstSequence = Math.max(this.#firstSequence, stream.sequence);
      this.#streams.delete(target);
    }
    assert(this.#streams.size < MAX_COUNTED_TARGETS, 'no more keys to whisper with than slots');
  }
}

/** Salts are random and come with their keys. */
function isSameKey(a: SealingKey, b: SealingKey): boolean {
  return a.keyId === b.keyId && a.salt.every((byte, at) => byte === b.salt[at]);
}
