import { assert } from '../base/assert.ts';
import { MAX_CHANNEL_MEMBERS } from '../wire/channels.ts';
import { MAX_WHISPER_LISTS } from '../wire/control.ts';
import type { SealingKey } from './aead-key.ts';

/**
 * How long an epoch stays open after a newer one came, in milliseconds: the others learn of the commit within a
 * second, and what they sealed before may still be under way or wait in a jitter buffer.
 */
export const PAST_EPOCH_MS = 2_000;

/**
 * Epochs open at a time: the newest and two before it. Commits are at least 250 ms apart, so whoever seals three
 * epochs back is out of step and has to be let in anew, and each epoch more is one more try for a forger.
 */
export const MAX_OPEN_EPOCHS = 3;

/** Senders with a key in one epoch, and senders with a whisper key: more do not fit into a room. */
export const MAX_KEYED_SENDERS = MAX_CHANNEL_MEMBERS;

/** Whisper targets that one sender may have a key for at a time: every list it can register, and this session alone. */
export const MAX_WHISPER_TARGETS_PER_SENDER = MAX_WHISPER_LISTS + 1;

/** The target of a datagram that is no whisper: as a decoded header has it. Relays give no session this token. */
export const CHANNEL_TARGET = 0;

/** Why no key was found. */
export type KeyLookupFailure = 'unknownKeyId' | 'unknownSender';

/** Why a whisper key was not taken. `tooManyTargets`: of this sender; `tooManySenders`: of this room. */
export type SetWhisperKeyResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'tooManyTargets' | 'tooManySenders' };

const TAKEN: SetWhisperKeyResult = Object.freeze({ ok: true });
const TOO_MANY_TARGETS: SetWhisperKeyResult = Object.freeze({ ok: false, reason: 'tooManyTargets' });
const TOO_MANY_SENDERS: SetWhisperKeyResult = Object.freeze({ ok: false, reason: 'tooManySenders' });

interface Epoch {
  readonly keyId: number;
  readonly keys: Map<number, SealingKey>;
  /** When it closes; Infinity for the newest. */
  untilMs: number;
}

interface WhisperKeys {
  newest: SealingKey;
  before: SealingKey | null;
  /** When `before` closes. */
  beforeUntilMs: number;
}

/**
 * The keys under which one session may open voice: those of the channel's epochs, by session token, and those of
 * whispers, by sender and target.
 *
 * A key past its time opens nothing, whether or not `handleDeadline` has come round to forget it.
 */
export class KeyRing {
  /** Newest first, at most MAX_OPEN_EPOCHS. */
  readonly #epochs: Epoch[] = [];
  readonly #whispers = new Map<number, Map<number, WhisperKeys>>();
  readonly #candidates: SealingKey[] = [];

  /**
   * Opens an epoch: these are the members' keys from now on. The epoch before it stays open for PAST_EPOCH_MS.
   * The newest given again (somebody's token has become known) takes its own place.
   *
   * @param keys by session token; at most MAX_KEYED_SENDERS, each with this key id
   */
  setEpoch(keyId: number, keys: ReadonlyMap<number, SealingKey>, nowMs: number): void {
    assert(keys.size <= MAX_KEYED_SENDERS, 'no more senders than a room has');
    for (const key of keys.values()) assert(key.keyId === keyId, 'the keys of an epoch bear its id');
    const newest = this.#epochs[0];
    if (newest?.keyId === keyId && isSameEpoch(newest.keys, keys)) this.#epochs.shift();
    const previous = this.#epochs[0];
    if (previous?.untilMs === Number.POSITIVE_INFINITY) previous.untilMs = nowMs + PAST_EPOCH_MS;
    this.#epochs.unshift({ keyId, keys: new Map(keys), untilMs: Number.POSITIVE_INFINITY });
    if (this.#epochs.length > MAX_OPEN_EPOCHS) this.#epochs.length = MAX_OPEN_EPOCHS;
  }

  /**
   * Takes a key for whispers from that sender to that target. The one before it stays open for PAST_EPOCH_MS.
   *
   * @param target as it stands in the datagrams: our own token, or a whisper list
   */
  setWhisperKey(fromToken: number, target: number, key: SealingKey, nowMs: number): SetWhisperKeyResult {
    let targets = this.#whispers.get(fromToken);
    if (targets === undefined) {
      if (this.#whispers.size >= MAX_KEYED_SENDERS) return TOO_MANY_SENDERS;
      targets = new Map();
      this.#whispers.set(fromToken, targets);
    }
    const known = targets.get(target);
    if (known !== undefined) {
      known.before = known.newest;
      known.beforeUntilMs = nowMs + PAST_EPOCH_MS;
      known.newest = key;
      return TAKEN;
    }
    if (targets.size >= MAX_WHISPER_TARGETS_PER_SENDER) return TOO_MANY_TARGETS;
    targets.set(target, { newest: key, before: null, beforeUntilMs: 0 });
    return TAKEN;
  }

  /**
   * The keys that may open a datagram of the channel, the newest first: one, unless epochs share an id.
   *
   * @returns a list that the next call writes over, or why there is none
   */
  channelCandidates(token: number, keyId: number, nowMs: number): readonly SealingKey[] | KeyLookupFailure {
    this.#candidates.length = 0;
    let known = false;
    for (const epoch of this.#epochs) {
      if (epoch.keyId !== keyId || epoch.untilMs <= nowMs) continue;
      known = true;
      const key = epoch.keys.get(token);
      if (key !== undefined) this.#candidates.push(key);
    }
    if (!known) return 'unknownKeyId';
    return this.#candidates.length === 0 ? 'unknownSender' : this.#candidates;
  }

  /** The same for a whisper. */
  whisperCandidates(
    token: number,
    target: number,
    keyId: number,
    nowMs: number,
  ): readonly SealingKey[] | KeyLookupFailure {
    this.#candidates.length = 0;
    const keys = this.#whispers.get(token)?.get(target);
    if (keys === undefined) return 'unknownSender';
    if (keys.newest.keyId === keyId) this.#candidates.push(keys.newest);
    const { before } = keys;
    if (before !== null && before.keyId === keyId && keys.beforeUntilMs > nowMs)
      this.#candidates.push(before);
    return this.#candidates.length === 0 ? 'unknownKeyId' : this.#candidates;
  }

  /** True while some key of that sender for that target is held. */
  knows(token: number, target: number): boolean {
    if (target !== CHANNEL_TARGET) return this.#whispers.get(token)?.has(target) === true;
    return this.#epochs.some((epoch) => epoch.keys.has(token));
  }

  /** Forgets every key of a sender whose session has ended. */
  forget(token: number): void {
    for (const epoch of this.#epochs) epoch.keys.delete(token);
    this.#whispers.delete(token);
  }

  /** Forgets the epochs: we left the channel. Whispers reach us anywhere and stay. */
  clearEpochs(): void {
    this.#epochs.length = 0;
  }

  /** Forgets everything: our session has ended. */
  clear(): void {
    this.clearEpochs();
    this.#whispers.clear();
  }

  /** Forgets what is past its time. */
  handleDeadline(nowMs: number): void {
    while ((this.#epochs.at(-1)?.untilMs ?? Number.POSITIVE_INFINITY) <= nowMs) this.#epochs.pop();
    for (const targets of this.#whispers.values())
      for (const keys of targets.values()) if (keys.beforeUntilMs <= nowMs) keys.before = null;
  }

  /** When `handleDeadline` has something to forget; Infinity when nothing grows old. */
  nextDeadlineMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const epoch of this.#epochs) nextMs = Math.min(nextMs, epoch.untilMs);
    for (const targets of this.#whispers.values())
      for (const keys of targets.values())
        if (keys.before !== null) nextMs = Math.min(nextMs, keys.beforeUntilMs);
    return nextMs;
  }
}

/** Ids come round again; the random salts of a member whom both have tell. */
function isSameEpoch(a: ReadonlyMap<number, SealingKey>, b: ReadonlyMap<number, SealingKey>): boolean {
  for (const [token, key] of a) {
    const other = b.get(token);
    if (other !== undefined) return key.salt.every((byte, at) => byte === other.salt[at]);
  }
  return false;
}
