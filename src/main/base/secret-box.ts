import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { assert } from '../../core/base/assert.ts';

/** AES-256-GCM (NIST SP 800-38D): lengths of key, nonce and tag in bytes. */
const CIPHER = 'aes-256-gcm';
export const BOX_KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** First byte of everything sealed, and associated data of it: another way to seal takes another. */
const FORMAT = Buffer.of(1);

/**
 * Seals bytes so that the file they are kept in does not give them away.
 *
 * `system`: under a key in the operating system's key store. `file`: under a key in a file that only its owner may
 * read, which protects copies of the database, and not from other programs of the same person.
 */
export interface SecretBox {
  readonly kind: 'system' | 'file';
  /** @throws Error when the key cannot be had or made */
  seal(bytes: Uint8Array): Uint8Array;
  /** @returns null when it was sealed under another key, or was changed */
  open(sealed: Uint8Array): Uint8Array | null;
}

/** @param key BOX_KEY_BYTES, used for far fewer than the 2^32 messages that random nonces allow */
export function sealUnder(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  assert(key.length === BOX_KEY_BYTES, 'a key has its length');
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(FORMAT);
  return Buffer.concat([FORMAT, nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

/** @returns null when it was sealed under another key, or was changed */
export function openUnder(key: Uint8Array, sealed: Uint8Array): Uint8Array | null {
  assert(key.length === BOX_KEY_BYTES, 'a key has its length');
  if (sealed.length < FORMAT.length + NONCE_BYTES + TAG_BYTES || sealed[0] !== FORMAT[0]) return null;
  const body = sealed.subarray(FORMAT.length);
  const nonce = body.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(FORMAT);
  decipher.setAuthTag(body.subarray(body.length - TAG_BYTES));
  try {
    const opened = decipher.update(body.subarray(NONCE_BYTES, body.length - TAG_BYTES));
    return Buffer.concat([opened, decipher.final()]);
  } catch {
    return null;
  }
}
