import { bytesToBase64Url } from '../../core/base/base64url.ts';
import type { MemberInfo } from '../../core/wire/control.ts';
import { keyIdOf } from '../../core/wire/key-delivery.ts';
import type { MediaKey, VoicePort } from './ports.ts';

export interface EpochKeysOptions {
  /** base64url of our own public key. */
  readonly ownIdentity: () => string;
  readonly members: () => readonly MemberInfo[];
  readonly voice: Pick<VoicePort, 'setEpoch'>;
}

/** One epoch of a channel's group, as it is put to use. */
export interface EpochFacts {
  readonly generation: number;
  readonly epoch: number;
  /** By identity, base64url. */
  readonly keys: ReadonlyMap<string, MediaKey>;
  readonly groupCode: string;
}

const NO_EPOCH: EpochFacts = Object.freeze({ generation: 0, epoch: 0, keys: new Map(), groupCode: '' });

/** The keys of the epoch we are in, and what of them the voice thread has. */
export class EpochKeys {
  readonly #options: EpochKeysOptions;
  #current = NO_EPOCH;
  /** What the voice thread was told last; empty: that there are no keys. */
  #pushed = '';
  /** A sending key that must not seal another packet. */
  #spent = '';

  constructor(options: EpochKeysOptions) {
    this.#options = options;
  }

  /** NO_EPOCH's are empty. */
  get current(): EpochFacts {
    return this.#current;
  }

  /** Identities that hold the keys, our own included. */
  get holders(): ReadonlySet<string> {
    return new Set(this.#current.keys.keys());
  }

  enter(epoch: EpochFacts): void {
    this.#current = epoch;
    this.push();
  }

  /** There are no keys: nothing may be sent. */
  drop(): void {
    this.#current = NO_EPOCH;
    if (this.#pushed !== '') this.#options.voice.setEpoch(0, null, []);
    this.#pushed = '';
  }

  /**
   * The voice thread died, and with it the count of what it sealed: the sending key it had is not used again. The
   * others' keys still open what they say.
   */
  spend(): void {
    const own = this.#current.keys.get(this.#options.ownIdentity());
    if (own !== undefined) this.#spent = nameOf(own);
    this.#pushed = '';
    this.push();
  }

  /** Hands the keys to the voice thread, under the tokens their holders have now. */
  push(): void {
    const { keys, generation, epoch } = this.#current;
    if (keys.size === 0) return;
    const ownIdentity = this.#options.ownIdentity();
    const held = keys.get(ownIdentity);
    const own = held === undefined || nameOf(held) === this.#spent ? null : held;
    const members: [number, Uint8Array, Uint8Array][] = [];
    for (const { token, identity } of this.#options.members()) {
      const key = keys.get(identity);
      if (key !== undefined && identity !== ownIdentity) members.push([token, key.key, key.salt]);
    }
    const tokens = members.map(([token]) => token).join(',');
    const pushed = `${generation}/${epoch}/${own === null ? 'listening' : 'speaking'}/${tokens}`;
    if (pushed === this.#pushed) return;
    this.#pushed = pushed;
    this.#options.voice.setEpoch(keyIdOf(this.#current), own, members);
  }
}

function nameOf(key: MediaKey): string {
  return `${bytesToBase64Url(key.key)}.${bytesToBase64Url(key.salt)}`;
}
