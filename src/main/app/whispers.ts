import type { Whispers as WhispersState } from '../../contract/dto.ts';
import { MAX_WHISPER_LIST_MEMBERS } from '../../contract/limits.ts';
import type { WhisperTarget } from '../../contract/room.ts';
import { base64UrlToBytes, bytesToBase64Url } from '../../core/base/base64url.ts';
import { createCounters } from '../../core/base/counters.ts';
import type { WhisperKeyFromMessage } from '../../core/session/session-engine.ts';
import { MAX_WHISPER_SLOTS, NOBODY } from '../../core/voice/whisper-schedule.ts';
import { MAX_WHISPER_LISTS, type MemberInfo } from '../../core/wire/control.ts';
import { WHISPER_LIST_BIT } from '../../core/wire/datagram.ts';
import type { MediaKey, StoredWhisperList, VoicePort, WhisperCryptoPort } from './ports.ts';

/**
 * Slots that lists leave for single persons: a slot given to somebody else must not meet the tail of the whisper before,
 * and nobody whispers to so many people within WHISPER_TAIL_MS.
 */
const SLOTS_FOR_PEOPLE = 4;

/** Lists a person may keep. */
export const MAX_KEPT_WHISPER_LISTS = Math.min(MAX_WHISPER_LISTS, MAX_WHISPER_SLOTS - SLOTS_FOR_PEOPLE);

/** Keys that are being opened at a time: everybody in a full room gives us one; more is a relay that floods us. */
export const MAX_KEYS_BEING_OPENED = 256;

const counterNames = [
  'keysSealed',
  'keysReceived',
  'keysRefused',
  'fromStrangers',
  'nobodyThere',
  'sealingFailed',
  'overtaken',
  'overflow',
] as const;

/** What the key of a list, or of replying, is called by whoever holds it. */
export type WhisperKeyName = 'reply' | number;

export interface WhispersOptions {
  readonly crypto: Pick<WhisperCryptoPort, 'seal' | 'open'>;
  readonly voice: Pick<VoicePort, 'setWhisper' | 'setWhisperTarget' | 'setWhisperKey'>;
  readonly members: () => readonly MemberInfo[];
  readonly ownToken: () => number | null;
  readonly lists: () => readonly StoredWhisperList[];
  /** Registers a list of present members with the relay; no targets: forgets it. */
  readonly registerList: (list: number, targets: readonly number[]) => void;
  /** @returns false when there is no connection: it did not go out */
  readonly sendKey: (to: number, target: number, sealed: string) => boolean;
  /** Cryptographically random bytes. */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly onDidChange: () => void;
  readonly notify: (sentence: string) => void;
}

/** A target that whispers can go to right now. */
interface Ready {
  readonly slot: number;
  /** Who holds the key; another set of people gets another key. Empty: it did not reach all of them. */
  readonly holders: string;
  readonly keyId: number;
}

/**
 * Who hears a whisper. Keeps a key per target (a person, or a list of those who are here), seals it to each of them,
 * and tells the sound threads which slot is held down. Keys are made before they are needed where that is known.
 */
export class Whispers {
  readonly counters = createCounters(counterNames);
  readonly #options: WhispersOptions;
  readonly #ready = new Map<number, Ready>();
  /** Held keys and buttons, the newest last: it is the one that counts. */
  readonly #held: { readonly name: string; readonly target: WhisperTarget }[] = [];
  /** Key ids count on over all keys of a target, so that a receiver tells the new one from the one before. */
  readonly #lastKeyId = new Map<number, number>();
  #lastSlot = 0;
  #activeTo = '';
  #whispering: readonly number[] = [];
  #lastFrom: number | null = null;
  #opening = 0;

  constructor(options: WhispersOptions) {
    this.#options = options;
  }

  describe(
    capturing: WhispersState['capturing'],
    replyBinding: WhispersState['replyBinding'],
  ): WhispersState {
    return {
      lists: this.#options.lists().map(({ id, name, targets, binding }) => ({
        id,
        name,
        targets: [...targets],
        binding,
      })),
      replyBinding,
      capturing,
      activeTo: this.#activeTo,
      lastFrom: this.#member(this.#lastFrom)?.nickname ?? '',
    };
  }

  /** A key or a button went down or up. @param name tells the keys and buttons apart that may be held at once */
  setHeld(name: string, target: WhisperTarget, held: boolean): void {
    const at = this.#held.findIndex((other) => other.name === name);
    if (at >= 0) this.#held.splice(at, 1);
    if (held) this.#held.push({ name, target });
    const reached = this.#apply();
    if (!held || reached) return;
    this.counters.nobodyThere += 1;
    this.#options.notify('Nobody is here whom that whisper could go to.');
  }

  /** The keyboard hook is gone: nothing is held any more whose name begins so. */
  release(prefix: string): void {
    const left = this.#held.filter(({ name }) => !name.startsWith(prefix));
    this.#held.splice(0, this.#held.length, ...left);
    this.#apply();
  }

  /** The session is over: nothing of it is used in the next one. */
  handleEnd(): void {
    this.#held.length = 0;
    for (const { slot } of this.#ready.values()) this.#options.voice.setWhisperTarget(slot, null);
    this.#ready.clear();
    this.#lastKeyId.clear();
    this.#whispering = [];
    this.#lastFrom = null;
    this.#apply();
  }

  /** Another session, or a sound thread that lost its keys: none of the keys made so far is used again. */
  renew(): void {
    for (const { slot } of this.#ready.values()) this.#options.voice.setWhisperTarget(slot, null);
    this.#ready.clear();
    this.handleRoster();
  }

  /** Who is here, or who is on a list, has changed. */
  handleRoster(): void {
    const wanted = new Map(this.#options.lists().map((list) => [listTarget(list.id), this.#present(list)]));
    for (const target of [...this.#ready.keys()]) {
      const isList = target >= WHISPER_LIST_BIT;
      if (isList ? !wanted.has(target) : this.#member(target) === undefined) this.#forget(target);
    }
    for (const [target, members] of wanted) {
      if (members.length > 0) this.#prepare(target, members);
      else this.#forget(target);
    }
    for (const target of this.#lastKeyId.keys())
      if (target < WHISPER_LIST_BIT && this.#member(target) === undefined) this.#lastKeyId.delete(target);
    if (this.#member(this.#lastFrom) === undefined) this.#lastFrom = null;
    this.#apply();
  }

  /** @param tokens who is heard whispering right now */
  handleWhispering(tokens: readonly number[]): void {
    const newest = tokens.findLast((token) => !this.#whispering.includes(token));
    this.#whispering = [...tokens];
    if (newest === undefined || newest === this.#lastFrom) return;
    this.#lastFrom = newest;
    this.#options.onDidChange();
  }

  /** Somebody seals us the key to whisper with. */
  async handleKey(message: WhisperKeyFromMessage): Promise<void> {
    const from = this.#member(message.from);
    const sealed = base64UrlToBytes(message.sealed);
    const own = this.#options.ownToken();
    if (from === undefined || sealed === null || own === null) {
      this.counters.fromStrangers += 1;
      return;
    }
    if (message.target !== own && message.target < WHISPER_LIST_BIT) {
      this.counters.keysRefused += 1;
      return;
    }
    if (this.#opening >= MAX_KEYS_BEING_OPENED) {
      this.counters.overflow += 1;
      return;
    }
    this.#opening += 1;
    const { identity, token } = from;
    const { target } = message;
    const opened = await this.#options.crypto
      .open({ sealed, fromIdentity: identity, fromToken: token, target })
      .catch(() => ({ ok: false }) as const);
    this.#opening -= 1;
    if (!opened.ok) {
      this.counters.keysRefused += 1;
    } else if (this.#member(token)?.identity !== identity || this.#options.ownToken() !== own) {
      // They left, or we did, while it was being opened.
      this.counters.overtaken += 1;
    } else {
      this.counters.keysReceived += 1;
      this.#options.voice.setWhisperKey(token, target, opened.keyId, opened.key, opened.salt);
    }
  }

  /**
   * Lets the newest held key count. While nobody is there whom it could go to, what is said goes to nobody, and not to
   * the channel instead.
   *
   * @returns false when a key is held, and nobody is there
   */
  #apply(): boolean {
    const newest = this.#held.at(-1);
    const resolved = newest === undefined ? null : this.#resolve(newest.target);
    const slot = resolved === null ? null : this.#prepare(resolved.target, resolved.members);
    const activeTo = slot === null || resolved === null ? '' : resolved.title;
    this.#options.voice.setWhisper(slot ?? (newest === undefined ? null : NOBODY));
    if (activeTo !== this.#activeTo) {
      this.#activeTo = activeTo;
      this.#options.onDidChange();
    }
    return newest === undefined || slot !== null;
  }

  #resolve(target: WhisperTarget): { target: number; members: MemberInfo[]; title: string } | null {
    if (target.kind === 'list') {
      const list = this.#options.lists().find(({ id }) => id === target.list);
      const members = list === undefined ? [] : this.#present(list);
      if (list === undefined || members.length === 0) return null;
      return { target: listTarget(list.id), members, title: list.name };
    }
    const member = this.#member(target.kind === 'reply' ? this.#lastFrom : target.token);
    if (member === undefined) return null;
    return { target: member.token, members: [member], title: member.nickname };
  }

  /** Makes sure that exactly `members` hold the newest key of `target`. @returns its slot, null when all are taken */
  #prepare(target: number, members: readonly MemberInfo[]): number | null {
    const holders = members
      .map((member) => `${member.token}:${member.whisperKey.key}`)
      .sort()
      .join(' ');
    const known = this.#ready.get(target);
    if (known?.holders === holders) {
      // The one used last stands last, and is the last to give its slot away.
      this.#ready.delete(target);
      this.#ready.set(target, known);
      return known.slot;
    }
    const slot = known?.slot ?? this.#freeSlot();
    if (slot === null) return null;
    const keyId = ((this.#lastKeyId.get(target) ?? 0) + 1) & 0xff;
    const ready = { slot, holders, keyId };
    this.#lastKeyId.set(target, keyId);
    this.#ready.delete(target);
    this.#ready.set(target, ready);
    if (target >= WHISPER_LIST_BIT) {
      this.#options.registerList(
        target,
        members.map(({ token }) => token),
      );
    }
    const media = { key: this.#options.randomBytes(16), salt: this.#options.randomBytes(12) };
    this.#options.voice.setWhisperTarget(slot, target, keyId, media.key, media.salt);
    for (const member of members) void this.#seal(member, target, ready, media);
    return slot;
  }

  async #seal(member: MemberInfo, target: number, ready: Ready, media: MediaKey): Promise<void> {
    const fromToken = this.#options.ownToken();
    if (fromToken === null) return;
    const { identity: toIdentity, whisperKey: toKey } = member;
    const sealed = await this.#options.crypto
      .seal({ fromToken, toIdentity, toKey, target, keyId: ready.keyId, ...media })
      .catch(() => null);
    if (this.#ready.get(target) !== ready || this.#options.ownToken() !== fromToken) {
      // Another key has taken its place, or the session is over.
      this.counters.overtaken += 1;
    } else if (sealed === null) {
      // A whisper key that its bearer did not sign: somebody put it there to listen.
      this.counters.sealingFailed += 1;
      this.#options.notify(
        `${member.nickname} cannot be whispered to: the key shown for them is not theirs.`,
      );
    } else if (this.#options.sendKey(member.token, target, bytesToBase64Url(sealed))) {
      this.counters.keysSealed += 1;
    } else {
      this.#ready.set(target, { ...ready, holders: '' });
    }
  }

  #forget(target: number): void {
    const known = this.#ready.get(target);
    if (known === undefined) return;
    this.#ready.delete(target);
    this.#options.voice.setWhisperTarget(known.slot, null);
    if (target >= WHISPER_LIST_BIT) this.#options.registerList(target, []);
  }

  /**
   * A slot nobody has, the one that was given away longest ago; else that of the person whispered to longest ago. Lists
   * keep theirs.
   */
  #freeSlot(): number | null {
    const taken = new Set(Array.from(this.#ready.values(), ({ slot }) => slot));
    for (let step = 0; step < MAX_WHISPER_SLOTS; step += 1) {
      const slot = ((this.#lastSlot + step) % MAX_WHISPER_SLOTS) + 1;
      if (taken.has(slot)) continue;
      this.#lastSlot = slot;
      return slot;
    }
    for (const [target, { slot }] of this.#ready) {
      if (target >= WHISPER_LIST_BIT) continue;
      this.#forget(target);
      return slot;
    }
    return null;
  }

  #present(list: StoredWhisperList): MemberInfo[] {
    const own = this.#options.ownToken();
    return this.#options
      .members()
      .filter(({ token, identity }) => token !== own && list.targets.includes(identity))
      .slice(0, MAX_WHISPER_LIST_MEMBERS);
  }

  #member(token: number | null): MemberInfo | undefined {
    return token === null ? undefined : this.#options.members().find((member) => member.token === token);
  }
}

function listTarget(id: number): number {
  return (WHISPER_LIST_BIT + id) >>> 0;
}
