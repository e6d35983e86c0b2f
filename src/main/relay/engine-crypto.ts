import { createHash, createHmac, createPublicKey, randomBytes, verify } from 'node:crypto';
import type { RelayOptions } from '../../core/relay/relay-options.ts';

/** What comes before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

const ED25519_KEY_BYTES = 32;

function verifySignature(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== ED25519_KEY_BYTES) return false;
  try {
    const der = Buffer.concat([SPKI_PREFIX, publicKey]);
    return verify(null, bytes, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature);
  } catch {
    return false;
  }
}

/** Cryptography and chance for the relay's engine, out of Node. */
export const engineCrypto: Pick<
  RelayOptions,
  'mac' | 'sha256' | 'verifySignature' | 'randomU32' | 'randomSecret'
> = {
  mac: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  verifySignature,
  randomU32: () => randomBytes(4).readUInt32BE(),
  randomSecret: () => new Uint8Array(randomBytes(32)),
};
