import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import argon2 from 'argon2';
import { base64UrlToBytes, bytesToBase64Url } from '../../core/base/base64url.ts';
import {
  ED25519_SEED_BYTES,
  ed25519PrivateKey,
  ed25519PublicKey,
  signEd25519,
  verifyEd25519,
} from './ed25519.ts';

/** Who somebody is, on every relay: an Ed25519 key (RFC 8032). */
export interface Identity {
  /** 32 bytes; what others know. */
  readonly publicKey: Uint8Array;
  /** 32 bytes; whoever has it is this identity. */
  readonly seed: Uint8Array;
  /** 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** Shortest passphrase, in characters. Argon2id makes each guess cost 64 MiB; below this even that is too few. */
export const MIN_PASSPHRASE_LENGTH = 8;

/** Longest passphrase, in characters: a paragraph, and no more to hash than that. */
export const MAX_PASSPHRASE_LENGTH = 1024;

/** Longest text that may be an exported identity; ours have 136 characters, the rest is room for line ends. */
export const MAX_IDENTITY_TEXT_LENGTH = 1024;

/** How an exported identity begins: its kind, and the version of what follows. */
export const IDENTITY_TEXT_PREFIX = 'sidetone-identity-1.';

/** Argon2id as for passwords of the relay: 64 MiB, three passes (RFC 9106, section 4, second choice, with one lane). */
const KEY_DERIVATION = { type: argon2.argon2id, memoryCost: 65_536, timeCost: 3, parallelism: 1 } as const;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const WRAPPING_KEY_BYTES = 32;
const CHECKSUM_BYTES = 4;
const CIPHER = 'aes-256-gcm';

export type ExportIdentityResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: 'passphraseTooShort' | 'passphraseTooLong' };

/**
 * Why a text gave no identity. `notAnIdentity`: it begins differently, or was written by a later version. `damaged`:
 * cut off, or mistyped; the checksum tells that from a wrong passphrase.
 */
export type ImportIdentityResult =
  | { readonly ok: true; readonly identity: Identity }
  | { readonly ok: false; readonly reason: 'notAnIdentity' | 'tooLong' | 'damaged' | 'wrongPassphrase' };

/** A new identity. */
export function createIdentity(): Identity {
  return identityFromSeed(randomBytes(ED25519_SEED_BYTES));
}

/** The identity of a seed of 32 bytes, which is copied. */
export function identityFromSeed(seed: Uint8Array): Identity {
  const privateKey = ed25519PrivateKey(seed);
  return {
    publicKey: ed25519PublicKey(privateKey),
    seed: Uint8Array.from(seed),
    sign: (bytes) => signEd25519(privateKey, bytes),
  };
}

/** True when `signature` over `bytes` was made by the identity of that public key. Never throws. */
export function verifySignature(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  return verifyEd25519(publicKey, bytes, signature);
}

/**
 * The identity as one line of text, under a passphrase: prefix, salt, nonce, sealed seed and checksum, in base64url
 * with dots between. Argon2id gives the key, AES-256-GCM seals; the prefix is associated data.
 */
export async function exportIdentity(identity: Identity, passphrase: string): Promise<ExportIdentityResult> {
  if (passphrase.length < MIN_PASSPHRASE_LENGTH) return { ok: false, reason: 'passphraseTooShort' };
  if (passphrase.length > MAX_PASSPHRASE_LENGTH) return { ok: false, reason: 'passphraseTooLong' };
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const key = await deriveKey(passphrase, salt);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(IDENTITY_TEXT_PREFIX));
  const sealed = Buffer.concat([cipher.update(identity.seed), cipher.final(), cipher.getAuthTag()]);
  key.fill(0);
  const parts = [salt, nonce, sealed, checksumOf(salt, nonce, sealed)];
  return { ok: true, text: IDENTITY_TEXT_PREFIX + parts.map(bytesToBase64Url).join('.') };
}

/** Reads what `exportIdentity` wrote; blanks around it and line ends within it do not matter. */
export async function importIdentity(text: string, passphrase: string): Promise<ImportIdentityResult> {
  if (text.length > MAX_IDENTITY_TEXT_LENGTH) return { ok: false, reason: 'tooLong' };
  const line = text.replaceAll(/\s/g, '');
  if (!line.startsWith(IDENTITY_TEXT_PREFIX)) return { ok: false, reason: 'notAnIdentity' };
  const [salt, nonce, sealed, checksum, ...more] = line
    .slice(IDENTITY_TEXT_PREFIX.length)
    .split('.')
    .map(base64UrlToBytes);
  if (!salt || !nonce || !sealed || !checksum || more.length > 0) return { ok: false, reason: 'damaged' };
  const wellFormed =
    salt.length === SALT_BYTES &&
    nonce.length === NONCE_BYTES &&
    sealed.length === ED25519_SEED_BYTES + TAG_BYTES &&
    checksumOf(salt, nonce, sealed).equals(checksum);
  if (!wellFormed) return { ok: false, reason: 'damaged' };
  if (passphrase.length > MAX_PASSPHRASE_LENGTH) return { ok: false, reason: 'wrongPassphrase' };
  const key = await deriveKey(passphrase, salt);
  const seed = openSeed(key, nonce, sealed);
  key.fill(0);
  if (seed === null) return { ok: false, reason: 'wrongPassphrase' };
  const identity = identityFromSeed(seed);
  seed.fill(0);
  return { ok: true, identity };
}

function openSeed(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array | null {
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(IDENTITY_TEXT_PREFIX))
    .setAuthTag(sealed.subarray(ED25519_SEED_BYTES));
  const seed = decipher.update(sealed.subarray(0, ED25519_SEED_BYTES));
  try {
    decipher.final();
    return seed;
  } catch {
    seed.fill(0);
    return null;
  }
}

/** Systems spell the same typed letters differently: one form (NFKC) makes a passphrase travel. */
function deriveKey(passphrase: string, salt: Uint8Array): Promise<Buffer> {
  return argon2.hash(passphrase.normalize('NFKC'), {
    ...KEY_DERIVATION,
    hashLength: WRAPPING_KEY_BYTES,
    salt: Buffer.from(salt),
    raw: true,
  });
}

function checksumOf(...parts: readonly Uint8Array[]): Buffer {
  const digest = createHash('sha256').update(IDENTITY_TEXT_PREFIX);
  for (const part of parts) digest.update(part);
  return digest.digest().subarray(0, CHECKSUM_BYTES);
}
