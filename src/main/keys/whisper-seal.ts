import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { assert } from '../../core/base/assert.ts';
import { MAX_KEY_ID, NONCE_BYTES } from '../../core/seal/aead-key.ts';
import { isU32 } from '../../core/wire/big-endian.ts';
import { AES_KEY_BYTES } from '../base/aes-gcm-key.ts';
import { ED25519_SIGNATURE_BYTES } from './ed25519.ts';
import { type Identity, verifySignature } from './identity.ts';

/** Public half of a session's whisper key, in bytes (X25519, RFC 7748). */
export const WHISPER_PUBLIC_KEY_BYTES = 32;

const PUBLIC_KEY_LABEL = 'sidetone whisper key 1\0';
const SEAL_LABEL = 'sidetone whisper seal 1\0';
const SIGNATURE_LABEL = 'sidetone whisper signature 1\0';

/** Encapsulated key of DHKEM(X25519), in bytes (RFC 9180, section 7.1). */
const ENCAPSULATED_BYTES = 32;
/** Key id, key, salt. */
const PLAINTEXT_BYTES = 1 + AES_KEY_BYTES + NONCE_BYTES;
const CIPHERTEXT_BYTES = PLAINTEXT_BYTES + 16;

/** Length of every sealed whisper key, in bytes: encapsulated key, ciphertext with its tag, signature. */
export const SEALED_WHISPER_KEY_BYTES = ENCAPSULATED_BYTES + CIPHERTEXT_BYTES + ED25519_SIGNATURE_BYTES;

/** HPKE base mode (RFC 9180): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM. */
const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes128Gcm(),
});

/** A key that only HPKE can use; Node keeps its bytes. */
type HpkePrivateKey = Awaited<ReturnType<typeof suite.kem.generateKeyPair>>['privateKey'];

/** One session's whisper key. Made anew for each session and never stored. */
export interface WhisperKeyPair {
  /** WHISPER_PUBLIC_KEY_BYTES. */
  readonly publicKey: Uint8Array;
  readonly privateKey: HpkePrivateKey;
  /** The identity's, over the public key: no relay can put its own in its place. */
  readonly signature: Uint8Array;
}

/** Between whom and for what a whisper key is: all of it is bound into the seal. */
interface WhisperRoute {
  /** The whisperer's token, as it stands in the datagrams. */
  readonly fromToken: number;
  /** As it stands in the datagrams: a session's token, or a whisper list. */
  readonly target: number;
}

/** What a whisper is sealed with. */
export interface WhisperSecret {
  /** 0 to MAX_KEY_ID. */
  readonly keyId: number;
  /** AES_KEY_BYTES. */
  readonly key: Uint8Array;
  /** NONCE_BYTES. */
  readonly salt: Uint8Array;
}

export interface SealWhisperKeyInput extends WhisperRoute, WhisperSecret {
  readonly from: Identity;
  /** Public keys of who shall whisper-hear us; the second is known to be signed by the first. */
  readonly toIdentity: Uint8Array;
  readonly toWhisperPublicKey: Uint8Array;
}

export interface OpenWhisperKeyInput extends WhisperRoute {
  readonly fromIdentity: Uint8Array;
  readonly toIdentity: Uint8Array;
  readonly to: WhisperKeyPair;
  readonly sealed: Uint8Array;
}

/** `badSignature`: not from that identity, or for another route. `notForUs`: signed, but it does not open. */
export type OpenWhisperKeyResult =
  | ({ readonly ok: true } & WhisperSecret)
  | { readonly ok: false; readonly reason: 'malformed' | 'badSignature' | 'notForUs' };

/** A new whisper key for this session, signed by its identity. */
export async function createWhisperKey(identity: Identity): Promise<WhisperKeyPair> {
  const pair = await suite.kem.generateKeyPair();
  const publicKey = new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey));
  return { publicKey, privateKey: pair.privateKey, signature: identity.sign(publicKeyStatement(publicKey)) };
}

/** True when `signature` shows that the whisper key belongs to that identity. Never throws. */
export function verifyWhisperPublicKey(
  identity: Uint8Array,
  publicKey: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== WHISPER_PUBLIC_KEY_BYTES) return false;
  return verifySignature(identity, publicKeyStatement(publicKey), signature);
}

/**
 * Seals a whisper's key to one session, and signs it: SEALED_WHISPER_KEY_BYTES. Both identities, both ends and the
 * target are bound in, so that what was sealed for one use is worth nothing in another.
 *
 * @throws when the receiver's public key is no key to seal to
 */
export async function sealWhisperKey(input: SealWhisperKeyInput): Promise<Uint8Array> {
  const { from, toIdentity, toWhisperPublicKey, keyId, key, salt } = input;
  assert(keyId >>> 0 === keyId && keyId <= MAX_KEY_ID, 'the key id is a byte');
  assert(key.length === AES_KEY_BYTES && salt.length === NONCE_BYTES, 'key and salt have their lengths');
  const context = contextOf(input, from.publicKey, toIdentity, toWhisperPublicKey);
  const plaintext = Buffer.concat([Uint8Array.of(keyId), key, salt]);
  const { enc, ct } = await suite.seal(
    {
      recipientPublicKey: await suite.kem.deserializePublicKey(bufferOf(toWhisperPublicKey)),
      info: bufferOf(Buffer.concat([Buffer.from(SEAL_LABEL), context])),
    },
    bufferOf(plaintext),
  );
  plaintext.fill(0);
  const sealed = Buffer.concat([new Uint8Array(enc), new Uint8Array(ct)]);
  const signature = from.sign(sealStatement(context, sealed));
  return new Uint8Array(Buffer.concat([sealed, signature]));
}

/** Opens what `sealWhisperKey` made. Whatever the bytes are, it does not throw. */
export async function openWhisperKey(input: OpenWhisperKeyInput): Promise<OpenWhisperKeyResult> {
  const { fromIdentity, toIdentity, to, sealed } = input;
  if (sealed.length !== SEALED_WHISPER_KEY_BYTES) return { ok: false, reason: 'malformed' };
  const signedBytes = ENCAPSULATED_BYTES + CIPHERTEXT_BYTES;
  const signed = sealed.subarray(0, signedBytes);
  const context = contextOf(input, fromIdentity, toIdentity, to.publicKey);
  if (!verifySignature(fromIdentity, sealStatement(context, signed), sealed.subarray(signedBytes)))
    return { ok: false, reason: 'badSignature' };
  const plaintext = await openSealed(to.privateKey, context, signed);
  if (plaintext === null || plaintext.length !== PLAINTEXT_BYTES) return { ok: false, reason: 'notForUs' };
  return {
    ok: true,
    keyId: plaintext[0] ?? 0,
    key: plaintext.slice(1, 1 + AES_KEY_BYTES),
    salt: plaintext.slice(1 + AES_KEY_BYTES),
  };
}

async function openSealed(
  privateKey: HpkePrivateKey,
  context: Uint8Array,
  sealed: Uint8Array,
): Promise<Uint8Array | null> {
  try {
    const plaintext = await suite.open(
      {
        recipientKey: privateKey,
        enc: bufferOf(sealed.subarray(0, ENCAPSULATED_BYTES)),
        info: bufferOf(Buffer.concat([Buffer.from(SEAL_LABEL), context])),
      },
      bufferOf(sealed.subarray(ENCAPSULATED_BYTES)),
    );
    return new Uint8Array(plaintext);
  } catch {
    return null;
  }
}

function publicKeyStatement(publicKey: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(PUBLIC_KEY_LABEL), publicKey]);
}

function sealStatement(context: Uint8Array, sealed: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(SIGNATURE_LABEL), context, sealed]);
}

/** Every part has one length, so that no two routes share a context. */
function contextOf(
  { fromToken, target }: WhisperRoute,
  fromIdentity: Uint8Array,
  toIdentity: Uint8Array,
  toPublicKey: Uint8Array,
): Uint8Array {
  assert(isU32(fromToken) && isU32(target), 'token and target are u32');
  assert(fromIdentity.length === 32 && toIdentity.length === 32, 'identities have 32 bytes');
  assert(toPublicKey.length === WHISPER_PUBLIC_KEY_BYTES, 'a whisper key has 32 bytes');
  const route = Buffer.alloc(8);
  route.writeUInt32BE(fromToken, 0);
  route.writeUInt32BE(target, 4);
  return Buffer.concat([fromIdentity, toIdentity, toPublicKey, route]);
}

/** WebCrypto takes whole buffers only. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
