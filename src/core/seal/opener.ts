import { type Counters, createCounters } from '../base/counters.ts';
import { type DatagramHeader, FLAG_SEALED, FLAG_WHISPER } from '../wire/datagram.ts';
import {
  type KeyRing,
  MAX_KEYED_SENDERS,
  MAX_OPEN_EPOCHS,
  MAX_WHISPER_TARGETS_PER_SENDER,
} from './key-ring.ts';
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
 * Replay windows held: one for each sender and target with a key. Every open epoch may know other tokens; above this
 * one window at least belongs to a sender and target without a key, and can go.
 */
export const MAX_REPLAY_WINDOWS = (MAX_OPEN_EPOCHS + MAX_WHISPER_TARGETS_PER_SENDER) * MAX_KEYED_SENDERS;

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
 * A sender counts its datagrams for each target (the channel, or one of its whispers), and counts on when that target
 * gets another key. So there is one replay window per sender and target, which outlives the keys until `forget`.
 */
export class Opener {
  readonly counters: Counters<OpenerCounter> = createCounters(OPENER_COUNTERS);
  readonly #keys: KeyRing;
  /** By session token, then by target. */
  readonly #windows = new Map<number, Map<number, ReplayWindow>>();
  #windowsHeld = 0;

  constructor(keys: KeyRing) {
    this.#keys = keys;
  }

  /** Replay windows held. */
  get windows(): number {
    return this.#windowsHeld;
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

  /** Forgets the keys and the replay windows of a sender whose session has ended; its token may be given out anew. */
  forget(token: number): void {
    this.#keys.forget(token);
    this.#windowsHeld -= this.#windows.get(token)?.size ?? 0;
    this.#windows.delete(token);
  }

  /** Forgets every key and every window. */
  clear(): void {
    this.#keys.clear();
    this.#windows.clear();
    this.#windowsHeld = 0;
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
    const window = this.#windows.get(token)?.get(target);
    if (window !== undefined && !window.isFresh(sequence)) return REFUSALS.replayed;
    for (const key of candidates) {
      const opened = openDatagram(bytes, lengthBytes, payloadOffset, sequence, key, into);
      if (!opened.ok) continue;
      (window ?? this.#addWindow(token, target)).commit(sequence);
      return opened;
    }
    return REFUSALS.forged;
  }

  #addWindow(token: number, target: number): ReplayWindow {
    if (this.#windowsHeld >= MAX_REPLAY_WINDOWS) this.#dropOneWindow();
    let targets = this.#windows.get(token);
    if (targets === undefined) {
      targets = new Map();
      this.#windows.set(token, targets);
    }
    const window = new ReplayWindow();
    targets.set(target, window);
    this.#windowsHeld += 1;
    return window;
  }

  /** Without its key no datagram gets as far as a window, so one of those is missed by nobody. */
  #dropOneWindow(): void {
    for (const [token, targets] of this.#windows) {
      for (const target of targets.keys()) {
        if (this.#keys.knows(token, target)) continue;
        targets.delete(target);
        if (targets.size === 0) this.#windows.delete(token);
        this.#windowsHeld -= 1;
        return;
      }
    }
  }
}
