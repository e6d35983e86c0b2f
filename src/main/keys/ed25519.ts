import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { assert } from '../../core/base/assert.ts';

/** Seed of an Ed25519 key, in bytes (RFC 8032, section 5.1.5). */
export const ED25519_SEED_BYTES = 32;
export const ED25519_PUBLIC_KEY_BYTES = 32;
export const ED25519_SIGNATURE_BYTES = 64;

/** What stands before a raw key in DER (RFC 8410, sections 4 and 7); Node reads keys in that form. */
const PRIVATE_KEY_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_KEY_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * Public keys held ready, so that a group of 200 members is not parsed anew at each commit: all of a full room, and
 * as many again that have just left.
 */
const MAX_READY_PUBLIC_KEYS = 400;

const readyPublicKeys = new Map<string, KeyObject>();

/** The private key that belongs to a seed of ED25519_SEED_BYTES. */
export function ed25519PrivateKey(seed: Uint8Array): KeyObject {
  assert(seed.length === ED25519_SEED_BYTES, 'a seed has 32 bytes');
  const der = Buffer.concat([PRIVATE_KEY_PREFIX, seed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  return key;
}

/** The raw public key of a private one. */
export function ed25519PublicKey(privateKey: KeyObject): Uint8Array {
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return new Uint8Array(der.subarray(PUBLIC_KEY_PREFIX.length));
}

/** Signs with Ed25519 (RFC 8032, PureEdDSA). */
export function signEd25519(privateKey: KeyObject, message: Uint8Array): Uint8Array {
  return new Uint8Array(sign(null, message, privateKey));
}

/** True when `signature` is one of `message` under the raw `publicKey`. Whatever the bytes are, it does not throw. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== ED25519_PUBLIC_KEY_BYTES || signature.length !== ED25519_SIGNATURE_BYTES)
    return false;
  try {
    return verify(null, message, readyPublicKey(publicKey), signature);
  } catch {
    // OpenSSL throws on keys that are no point of the curve.
    return false;
  }
}

function readyPublicKey(publicKey: Uint8Array): KeyObject {
  const name = Buffer.from(publicKey).toString('latin1');
  let key = readyPublicKeys.get(name);
  if (key === undefined) {
    const der = Buffer.concat([PUBLIC_KEY_PREFIX, publicKey]);
    key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    if (readyPublicKeys.size >= MAX_READY_PUBLIC_KEYS) {
      const oldest = readyPublicKeys.keys().next();
      if (oldest.done !== true) readyPublicKeys.delete(oldest.value);
    }
    readyPublicKeys.set(name, key);
  }
  return key;
}
