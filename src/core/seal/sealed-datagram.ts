import { assert } from '../base/assert.ts';
import { writeU32 } from '../wire/big-endian.ts';
import { HEADER_BYTES, MAX_DATAGRAM_BYTES, MAX_SEQUENCE, WHISPER_TARGET_BYTES } from '../wire/datagram.ts';
import { MAX_KEY_ID, NONCE_BYTES, type SealingKey, TAG_BYTES } from './aead-key.ts';

/** What stands before the ciphertext, in bytes. */
const KEY_ID_BYTES = 1;

/** What sealing adds to a payload, in bytes: the key id before it, the tag behind it. */
export const SEALED_OVERHEAD_BYTES = KEY_ID_BYTES + TAG_BYTES;

/** Longest plaintext that fits a sealed datagram, in bytes. */
export const MAX_SEALED_PLAINTEXT_BYTES = MAX_DATAGRAM_BYTES - HEADER_BYTES - SEALED_OVERHEAD_BYTES;

/** Where the sequence begins within the nonce, in bytes: it fills the last eight. */
const NONCE_SEQUENCE_OFFSET = 4;

/**
 * Why a sealed datagram did not open. `otherKey`: its key id is not that of the key tried. `forged`: the tag does
 * not verify, so some bit is not the sender's, or the key is not the sender's.
 */
export type OpenFailure = 'tooShort' | 'otherKey' | 'forged';
export type OpenDatagramResult = OpenedDatagram | { readonly ok: false; readonly reason: OpenFailure };

/** `lengthBytes`: of the plaintext. */
export interface OpenedDatagram {
  readonly ok: true;
  readonly lengthBytes: number;
}

const TOO_SHORT: OpenDatagramResult = Object.freeze({ ok: false, reason: 'tooShort' });
const OTHER_KEY: OpenDatagramResult = Object.freeze({ ok: false, reason: 'otherKey' });
const FORGED: OpenDatagramResult = Object.freeze({ ok: false, reason: 'forged' });
/** A frozen result for each length: opening allocates none. */
const OPENED: readonly OpenedDatagram[] = Array.from(
  { length: MAX_SEALED_PLAINTEXT_BYTES + 1 },
  (_, length) => Object.freeze({ ok: true, lengthBytes: length }),
);

// Written over by every call; the calls are synchronous, and an AeadKey keeps nothing of what it is lent.
const nonce = new Uint8Array(NONCE_BYTES);
const plainAssociatedData = new Uint8Array(HEADER_BYTES + KEY_ID_BYTES);
const whisperAssociatedData = new Uint8Array(HEADER_BYTES + WHISPER_TARGET_BYTES + KEY_ID_BYTES);
const sealedBytes = new Uint8Array(MAX_DATAGRAM_BYTES);
/** Views of `sealedBytes` from its start, by length: each is made once. */
const sealedViews: (Uint8Array | undefined)[] = [];

/**
 * Seals `plaintext` into the datagram whose header, flags included, stands in `datagram[0, payloadOffset)`: behind
 * it come the key id, the ciphertext and the tag. The header and the key id are associated data, as in SFrame
 * (RFC 9605, section 4.4.3), so that no relay can change who speaks, to whom, and when.
 *
 * @param sequence the header's own; it makes the nonce, so it must never come twice under one key
 * @param plaintext 0 to MAX_SEALED_PLAINTEXT_BYTES, not a part of `datagram`
 * @returns the datagram's length in bytes
 */
export function sealDatagram(
  datagram: Uint8Array,
  payloadOffset: number,
  sequence: number,
  plaintext: Uint8Array,
  sealing: SealingKey,
): number {
  const lengthBytes = payloadOffset + plaintext.length + SEALED_OVERHEAD_BYTES;
  assert(
    lengthBytes <= MAX_DATAGRAM_BYTES && lengthBytes <= datagram.length,
    'the buffer holds the datagram',
  );
  assert(sealing.keyId >>> 0 === sealing.keyId && sealing.keyId <= MAX_KEY_ID, 'the key id is a byte');
  datagram[payloadOffset] = sealing.keyId;
  writeNonce(sealing.salt, sequence);
  const associatedData = copyAssociatedData(datagram, payloadOffset);
  const at = payloadOffset + KEY_ID_BYTES;
  const written = sealing.key.seal(nonce, associatedData, plaintext, datagram, at);
  assert(written === plaintext.length + TAG_BYTES, 'the cipher writes ciphertext and tag');
  return lengthBytes;
}

/**
 * Opens the sealed datagram in `bytes[0, lengthBytes)`, whose header was decoded. Knows nothing of replays: see
 * Opener. Never throws on what the bytes say.
 *
 * @param into room for MAX_SEALED_PLAINTEXT_BYTES; not to be read unless the result is ok
 */
export function openDatagram(
  bytes: Uint8Array,
  lengthBytes: number,
  payloadOffset: number,
  sequence: number,
  sealing: SealingKey,
  into: Uint8Array,
): OpenDatagramResult {
  assert(lengthBytes <= bytes.length, 'a datagram lies within its buffer');
  assert(lengthBytes <= MAX_DATAGRAM_BYTES, 'the header was decoded');
  assert(into.length >= MAX_SEALED_PLAINTEXT_BYTES, 'the buffer holds the longest plaintext');
  if (lengthBytes < payloadOffset + SEALED_OVERHEAD_BYTES) return TOO_SHORT;
  if (bytes[payloadOffset] !== sealing.keyId) return OTHER_KEY;
  writeNonce(sealing.salt, sequence);
  const associatedData = copyAssociatedData(bytes, payloadOffset);
  const sealed = copySealed(bytes, payloadOffset + KEY_ID_BYTES, lengthBytes);
  const opened = sealing.key.open(nonce, associatedData, sealed, into);
  return OPENED[opened] ?? FORGED;
}

/** The salt, with the sequence laid over its last eight bytes (RFC 9605, section 4.4.3; RFC 8446, section 5.3). */
function writeNonce(salt: Uint8Array, sequence: number): void {
  assert(salt.length === NONCE_BYTES, 'the salt is as long as the nonce');
  assert(
    Number.isSafeInteger(sequence) && sequence >= 0 && sequence <= MAX_SEQUENCE,
    'the sequence is exact',
  );
  writeU32(nonce, 0, 0);
  writeU32(nonce, NONCE_SEQUENCE_OFFSET, Math.floor(sequence / 2 ** 32));
  writeU32(nonce, NONCE_SEQUENCE_OFFSET + 4, sequence);
  for (let i = 0; i < NONCE_BYTES; i += 1) nonce[i] = (nonce[i] ?? 0) ^ (salt[i] ?? 0);
}

function copyAssociatedData(datagram: Uint8Array, payloadOffset: number): Uint8Array {
  const plain = payloadOffset === HEADER_BYTES;
  assert(plain || payloadOffset === HEADER_BYTES + WHISPER_TARGET_BYTES, 'the payload follows a header');
  const associatedData = plain ? plainAssociatedData : whisperAssociatedData;
  for (let i = 0; i < associatedData.length; i += 1) associatedData[i] = datagram[i] ?? 0;
  return associatedData;
}

function copySealed(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const length = to - from;
  let view = sealedViews[length];
  if (view === undefined) {
    view = sealedBytes.subarray(0, length);
    sealedViews[length] = view;
  }
  for (let i = 0; i < length; i += 1) view[i] = bytes[from + i] ?? 0;
  return view;
}
