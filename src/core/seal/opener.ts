import { type Counters, createCounters } from '../base/counters.ts';
import { type DatagramHeader, FLAG_SEALED, FLAG_WHISPER } from '../wire/datagram.ts';
import { type KeyRing, MAX_KEYED_SENDERS, MAX_OPEN_EPOCHS } from './key-ring.ts';
import { ReplayWindow } from './replay-window.ts';
import { type OpenedDatagram, openDatagram, SEALED_OVERHEAD_BYTES } from './sealed-datagram.ts';

/**
 * Why a datagram was not opened. `notSealed`: it lacks the flag. `unknownKeyId`: no open epoch, or no whisper key of
 * that sender and target, has this id. `unknownSender`: the epoch has no key for the token, or it never gave us one
 * to whisper with. `replayed`: accepted before, or too old to tell. `forged`: no key of the sender verifies it.
 */
export type OpenRefusal = 'notSealed' | 'tooShort' | 'unknownKeyId' | 'unknownSender' | 'replayed' | 'forged';
export type OpenResult = OpenedDatagram | { readonly ok: false; readonly reason: OpenRefusal };

/** received = opened + the refusals. */
export type OpenerCounter = 'received' | 'opened' | OpenRefusal;

/** Every counter of an Opener. */
export const OPENER_COUNTERS: readonly OpenerCounter[] = [
  'received',
  'opened',
  'notSealed',
  'tooShort',
  'unknownKeyId',
  'unknownSender',
  'replayed',
  'forged',
];

/**
 * Replay windows held: one for each sender with a key. Every open epoch may know other tokens, and whispers others
 * still; above this one window at least belongs to a token without a key, and can go.
 */
export const MAX_REPLAY_WINDOWS = (MAX_OPEN_EPOCHS + 1) * MAX_KEYED_SENDERS;

function refusal(reason: OpenRefusal): OpenResult {
  return Object.freeze({ ok: false, reason });
}

const REFUSALS: Readonly<Record<OpenRefusal, OpenResult>> = Object.freeze({
  notSealed: refusal('notSealed'),
  tooShort: refusal('tooShort'),
  unknownKeyId: refusal('unknownKeyId'),
  unknownSender: refusal('unknownSender'),
  replayed: refusal('replayed'),
  forged: refusal('forged'),
});

/**
 * Opens what the members of a channel, and whisperers, sealed: finds the key, opens, and takes no datagram twice.
 * Allocates nothing of its own per datagram.
 *
 * A sender counts its datagrams on through epochs and whispers, so it has one replay window, which outlives its keys
 * until `forget`.
 */
export class Opener {
  readonly counters: Counters<OpenerCounter> = createCounters(OPENER_COUNTERS);
  readonly #keys: KeyRing;
  readonly #windows = new Map<number, ReplayWindow>();

  constructor(keys: KeyRing) {
    this.#keys = keys;
  }

  /** Replay windows held. */
  get windows(): number {
    return this.#windows.size;
  }

  /**
   * Opens the datagram in `bytes[0, lengthBytes)`. Never throws on what the bytes say.
   *
   * @param header of that datagram, decoded
   * @param into room for MAX_SEALED_PLAINTEXT_BYTES; not to be read unless the result is ok
   */
  open(
    header: DatagramHeader,
    bytes: Uint8Array,
    lengthBytes: number,
    nowMs: number,
    into: Uint8Array,
  ): OpenResult {
    this.counters.received += 1;
    const result = this.#open(header, bytes, lengthBytes, nowMs, into);
    this.counters[result.ok ? 'opened' : result.reason] += 1;
    return result;
  }

  /** Forgets the keys and the replay window of a sender whose session has ended; its token may be given out anew. */
  forget(token: number): void {
    this.#keys.forget(token);
    this.#windows.delete(token);
  }

  /** Forgets every key and every window. */
  clear(): void {
    this.#keys.clear();
    this.#windows.clear();
  }

  #open(
    header: DatagramHeader,
    bytes: Uint8Array,
    lengthBytes: number,
    nowMs: number,
    into: Uint8Array,
  ): OpenResult {
    const { token, flags, sequence, target, payloadOffset } = header;
    if ((flags & FLAG_SEALED) === 0) return REFUSALS.notSealed;
    if (lengthBytes < payloadOffset + SEALED_OVERHEAD_BYTES) return REFUSALS.tooShort;
    const keyId = bytes[payloadOffset] ?? 0;
    const candidates =
      (flags & FLAG_WHISPER) === 0
        ? this.#keys.channelCandidates(token, keyId, nowMs)
        : this.#keys.whisperCandidates(token, target, keyId, nowMs);
    if (typeof candidates === 'string') return REFUSALS[candidates];
    const window = this.#windows.get(token);
    if (window !== undefined && !window.isFresh(sequence)) return REFUSALS.replayed;
    for (const key of candidates) {
      const opened = openDatagram(bytes, lengthBytes, payloadOffset, sequence, key, into);
      if (!opened.ok) continue;
      (window ?? this.#addWindow(token)).commit(sequence);
      return opened;
    }
    return REFUSALS.forged;
  }

  #addWindow(token: number): ReplayWindow {
    if (this.#windows.size >= MAX_REPLAY_WINDOWS) {
      for (const held of this.#windows.keys()) {
        if (this.#keys.knows(held)) continue;
        this.#windows.delete(held);
        break;
      }
    }
    const window = new ReplayWindow();
    this.#windows.set(token, window);
    return window;
  }
}
