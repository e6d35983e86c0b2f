import { NONCE_BYTES, type SealingKey, TAG_BYTES } from '../seal/aead-key.ts';

/**
 * A key for tests and simulations: tells right from wrong like a real one, and hides nothing. The tag is a checksum
 * (FNV-1a, 32 bits) over secret, nonce, associated data and plaintext, so that nothing else opens.
 */
export function toyKey(keyId: number, secret: number): SealingKey {
  const tagOf = (nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): number => {
    let hash = (0x811c9dc5 ^ secret) >>> 0;
    for (const part of [nonce, associatedData, plaintext]) {
      for (const byte of part) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
    }
    return hash;
  };
  return {
    keyId,
    salt: new Uint8Array(NONCE_BYTES).fill(secret),
    key: {
      seal(nonce, associatedData, plaintext, into, at) {
        into.set(plaintext, at);
        const tag = tagOf(nonce, associatedData, plaintext);
        for (let i = 0; i < TAG_BYTES; i += 1) into[at + plaintext.length + i] = tag >>> (8 * (i & 3));
        return plaintext.length + TAG_BYTES;
      },
      open(nonce, associatedData, sealed, into) {
        const length = sealed.length - TAG_BYTES;
        if (length < 0) return -1;
        const plaintext = sealed.subarray(0, length);
        const tag = tagOf(nonce, associatedData, plaintext);
        for (let i = 0; i < TAG_BYTES; i += 1) {
          if (sealed[length + i] !== ((tag >>> (8 * (i & 3))) & 0xff)) return -1;
        }
        into.set(plaintext);
        return length;
      },
    },
  };
}
