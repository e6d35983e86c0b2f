import type { Mac } from '../wire/probe.ts';

const SECRET_BYTES = 32;

/**
 * Stands in for Ed25519 in simulations: the shapes are right, and a signature holds for one text under one key. It
 * protects nothing: a signature shows the secret it was made with, so whoever sees one can make the next.
 */
export class ToySignatures {
  readonly #mac: Mac;

  /** @param mac HMAC-SHA256 */
  constructor(mac: Mac) {
    this.#mac = mac;
  }

  /** 32 bytes, for a secret of 32 bytes. */
  publicKey(secret: Uint8Array): Uint8Array {
    return this.digest(secret);
  }

  /** 64 bytes: the secret and a MAC under it. */
  sign(secret: Uint8Array, text: Uint8Array): Uint8Array {
    const signature = new Uint8Array(2 * SECRET_BYTES);
    signature.set(secret);
    signature.set(this.#mac(secret, text), SECRET_BYTES);
    return signature;
  }

  verify(publicKey: Uint8Array, text: Uint8Array, signature: Uint8Array): boolean {
    const secret = signature.subarray(0, SECRET_BYTES);
    return (
      areEqual(this.publicKey(secret), publicKey) &&
      areEqual(this.#mac(secret, text), signature.subarray(SECRET_BYTES))
    );
  }

  /** Stands in for SHA-256. */
  digest(bytes: Uint8Array): Uint8Array {
    return this.#mac(new Uint8Array(SECRET_BYTES), bytes);
  }
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
