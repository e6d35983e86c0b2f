/** Nonce of AES-GCM, in bytes (RFC 5116, section 5.1). */
export const NONCE_BYTES = 12;

/** Authentication tag of AES-GCM, in bytes: all 128 bits (RFC 5116, section 5.1). */
export const TAG_BYTES = 16;

/** Largest key id: one byte on the wire. */
export const MAX_KEY_ID = 0xff;

/**
 * One key of an authenticated cipher (AES-128-GCM, RFC 5116). Handed in, because the core has no cryptography.
 * The arguments are lent for the call only: their owners write over them for the next datagram.
 */
export interface AeadKey {
  /**
   * Writes ciphertext and tag to `into` from `at` on.
   *
   * @returns bytes written: those of the plaintext and TAG_BYTES
   */
  seal(
    nonce: Uint8Array,
    associatedData: Uint8Array,
    plaintext: Uint8Array,
    into: Uint8Array,
    at: number,
  ): number;

  /**
   * Writes the plaintext of `sealed` (ciphertext and tag) to the start of `into`.
   *
   * @returns bytes written, or -1 when the tag does not verify; never throws on what the bytes say
   */
  open(nonce: Uint8Array, associatedData: Uint8Array, sealed: Uint8Array, into: Uint8Array): number;
}

/** What one sender seals with in one epoch, or in one whisper. Nobody else ever seals with it. */
export interface SealingKey {
  /** 0 to MAX_KEY_ID; stands before the ciphertext. */
  readonly keyId: number;
  readonly key: AeadKey;
  /** NONCE_BYTES. As secret as the key. */
  readonly salt: Uint8Array;
}
