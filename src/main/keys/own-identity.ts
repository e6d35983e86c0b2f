import { base64UrlToBytes, bytesToBase64Url } from '../../core/base/base64url.ts';
import type { WhisperPublicKey } from '../../core/wire/key-delivery.ts';
import { ChannelGroup } from './channel-group.ts';
import {
  createIdentity,
  exportIdentity,
  type Identity,
  type ImportIdentityResult,
  identityFromSeed,
  importIdentity,
  MAX_PASSPHRASE_LENGTH,
  MIN_PASSPHRASE_LENGTH,
} from './identity.ts';
import { groupCode, safetyCode } from './safety-code.ts';
import {
  createWhisperKey,
  openWhisperKey,
  sealWhisperKey,
  verifyWhisperPublicKey,
  type WhisperKeyPair,
} from './whisper-seal.ts';

/** Where the seed of the identity is kept. */
export interface SeedStore {
  readonly storage: 'system' | 'file';
  /** `unreadable`: it is there and cannot be opened; it must not be overwritten. */
  load():
    | { readonly ok: true; readonly seed: Uint8Array | null }
    | { readonly ok: false; readonly sentence: string };
  /** @throws Error when the disk refuses */
  save(seed: Uint8Array): void;
}

const importSentences: Record<Exclude<ImportIdentityResult, { ok: true }>['reason'], string> = {
  notAnIdentity: 'That is no exported identity. It begins with sidetone-identity-1.',
  tooLong: 'That is far too long to be an exported identity.',
  damaged: 'That identity is damaged. Copy all of it again.',
  wrongPassphrase: 'That is not the passphrase this identity was exported with.',
};

/** Public keys come from the relay's member list, whose schema has checked their length. */
function publicKeyBytes(identity: string): Uint8Array {
  return base64UrlToBytes(identity) ?? new Uint8Array();
}

/** The whisper key of one session, and what is done with it. */
class WhisperCrypto {
  readonly publicKey: WhisperPublicKey;
  readonly #identity: Identity;
  readonly #pair: WhisperKeyPair;

  constructor(identity: Identity, pair: WhisperKeyPair) {
    this.#identity = identity;
    this.#pair = pair;
    this.publicKey = {
      key: bytesToBase64Url(pair.publicKey),
      signature: bytesToBase64Url(pair.signature),
    };
  }

  /** @returns null when the receiver's key is not signed by the receiver's identity */
  async seal(facts: {
    readonly fromToken: number;
    readonly toIdentity: string;
    readonly toKey: WhisperPublicKey;
    readonly target: number;
    readonly keyId: number;
    readonly key: Uint8Array;
    readonly salt: Uint8Array;
  }): Promise<Uint8Array | null> {
    const toIdentity = publicKeyBytes(facts.toIdentity);
    const toWhisperPublicKey = publicKeyBytes(facts.toKey.key);
    const signature = publicKeyBytes(facts.toKey.signature);
    if (!verifyWhisperPublicKey(toIdentity, toWhisperPublicKey, signature)) return null;
    const { fromToken, target, keyId, key, salt } = facts;
    const from = this.#identity;
    return sealWhisperKey({ from, fromToken, toIdentity, toWhisperPublicKey, target, keyId, key, salt });
  }

  async open(facts: {
    readonly sealed: Uint8Array;
    readonly fromIdentity: string;
    readonly fromToken: number;
    readonly target: number;
  }): ReturnType<typeof openWhisperKey> {
    const { sealed, fromToken, target } = facts;
    return openWhisperKey({
      sealed,
      fromToken,
      target,
      fromIdentity: publicKeyBytes(facts.fromIdentity),
      toIdentity: this.#identity.publicKey,
      to: this.#pair,
    });
  }
}

/** Who this program is: made at the first start, kept, moved to another computer. */
export class OwnIdentity {
  readonly #store: SeedStore;
  #identity: Identity;
  #problem: string;

  /** @param problem what is wrong with how it is kept; empty when all is well */
  constructor(store: SeedStore, problem: string) {
    this.#store = store;
    this.#problem = problem;
    const stored = store.load();
    if (stored.ok && stored.seed !== null) {
      this.#identity = identityFromSeed(stored.seed);
      return;
    }
    this.#identity = createIdentity();
    if (stored.ok) this.#save();
    // What cannot be opened today may open tomorrow: it is left alone, and this identity lasts until the program ends.
    else this.#problem = stored.sentence;
  }

  /** base64url. */
  get publicKey(): string {
    return bytesToBase64Url(this.#identity.publicKey);
  }

  get storage(): 'system' | 'file' {
    return this.#store.storage;
  }

  get problem(): string {
    return this.#problem;
  }

  sign(bytes: Uint8Array): Uint8Array {
    return this.#identity.sign(bytes);
  }

  /** @param other base64url */
  safetyCode(other: string): string {
    return safetyCode(this.#identity.publicKey, publicKeyBytes(other));
  }

  groupCode(epochAuthenticator: Uint8Array): string {
    return groupCode(epochAuthenticator);
  }

  createGroup(): ChannelGroup {
    return new ChannelGroup(this.#identity);
  }

  async createWhisperCrypto(): Promise<WhisperCrypto> {
    return new WhisperCrypto(this.#identity, await createWhisperKey(this.#identity));
  }

  async exportTo(passphrase: string): Promise<{ ok: true; text: string } | { ok: false; sentence: string }> {
    const exported = await exportIdentity(this.#identity, passphrase);
    if (exported.ok) return { ok: true, text: exported.text };
    const limit =
      exported.reason === 'passphraseTooShort'
        ? `at least ${MIN_PASSPHRASE_LENGTH}`
        : `at most ${MAX_PASSPHRASE_LENGTH}`;
    return { ok: false, sentence: `A passphrase has ${limit} characters.` };
  }

  async importFrom(
    text: string,
    passphrase: string,
  ): Promise<{ ok: true } | { ok: false; sentence: string }> {
    const imported = await importIdentity(text, passphrase);
    if (!imported.ok) return { ok: false, sentence: importSentences[imported.reason] };
    this.#identity = imported.identity;
    this.#problem = '';
    this.#save();
    return this.#problem === '' ? { ok: true } : { ok: false, sentence: this.#problem };
  }

  #save(): void {
    try {
      this.#store.save(this.#identity.seed);
    } catch (error) {
      this.#problem = `Your identity could not be saved and lasts only until Sidetone ends: ${String(error)}`;
    }
  }
}
