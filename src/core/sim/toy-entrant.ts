import { base64UrlToBytes, bytesToBase64Url } from '../base/base64url.ts';
import type { WhisperPublicKey } from '../wire/key-delivery.ts';
import { loginStatement } from '../wire/login.ts';
import type { ToySignatures } from './toy-signatures.ts';

/** Somebody with an identity of toy signatures, who can log in. */
export class ToyEntrant {
  /** base64url of the public key. */
  readonly identity: string;
  readonly whisperKey: WhisperPublicKey;
  readonly #signatures: ToySignatures;
  readonly #secret: Uint8Array;

  /** @param seed the same one has the same identity */
  constructor(signatures: ToySignatures, seed: string) {
    this.#signatures = signatures;
    this.#secret = signatures.digest(Uint8Array.from(seed, (character) => character.charCodeAt(0)));
    this.identity = bytesToBase64Url(signatures.publicKey(this.#secret));
    const key = signatures.digest(this.#secret);
    this.whisperKey = {
      key: bytesToBase64Url(key),
      signature: bytesToBase64Url(signatures.sign(this.#secret, key)),
    };
  }

  /** The signature that a challenge asks for on the connection of `exporter`. */
  sign(exporter: Uint8Array, nonce: Uint8Array): string {
    const key = base64UrlToBytes(this.whisperKey.key) ?? new Uint8Array();
    return bytesToBase64Url(this.#signatures.sign(this.#secret, loginStatement(exporter, nonce, key)));
  }
}
