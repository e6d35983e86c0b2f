import { assert } from '../base/assert.ts';
import type { SeqNo, SessionToken } from '../base/brand.ts';
import { isU32, readSigned32, writeU32 } from './big-endian.ts';

/** The datagram carries a target: only that session, or that whisper list, gets it. */
export const FLAG_WHISPER = 0x80;
/** Path probe instead of voice (see probe.ts). Stands alone: no other flag goes with it. */
export const FLAG_CONTROL = 0x40;
/** The payload holds earlier frames too. */
export const FLAG_REDUNDANT = 0x20;
/** The payload is key id, ciphertext and tag. */
export const FLAG_SEALED = 0x10;
/** End of the talkspurt. */
export const FLAG_LAST = 0x08;

/** Flags of version 1; a datagram that sets another bit is dropped, so that later versions may use it. */
export const KNOWN_FLAGS = FLAG_WHISPER | FLAG_CONTROL | FLAG_REDUNDANT | FLAG_SEALED | FLAG_LAST;

/** Header without a whisper target, in bytes. */
export const HEADER_BYTES = 16;

/** What the flag WHISPER adds to the header, in bytes. */
export const WHISPER_TARGET_BYTES = 4;

/** Longest datagram, in bytes: below the 1280 that every IPv6 path carries unfragmented, with room for a tunnel. */
export const MAX_DATAGRAM_BYTES = 1200;

/**
 * Largest sequence number. The field has 56 bits, but numbers of the language are exact only up to 2^53 - 1, and
 * two datagrams must never share a number (it will be the nonce of the sealing). 50 a second last five million
 * years; a larger one is therefore an attack or a defect and is refused.
 */
export const MAX_SEQUENCE = Number.MAX_SAFE_INTEGER;

/** Bits of a whisper target that tell a list id from a session token. */
export const WHISPER_LIST_BIT = 0x8000_0000;

/** One in timestamps: 48 kHz samples, modulo 2^32. */
export const TIMESTAMP_HZ = 48_000;

/** Where the flags stand, in bytes. */
export const FLAGS_OFFSET = 4;
const SEQUENCE_HIGH_OFFSET = 5;
const SEQUENCE_LOW_OFFSET = 8;
const TIMESTAMP_OFFSET = 12;
const TARGET_OFFSET = HEADER_BYTES;
/** High part (above 32 bits) of MAX_SEQUENCE. */
const MAX_SEQUENCE_HIGH = 0x1f_ffff;

/** Decoded header; reused from datagram to datagram. */
export interface DatagramHeader {
  token: SessionToken;
  /** Union of FLAG_…. */
  flags: number;
  sequence: SeqNo;
  /** 48 kHz samples, u32. */
  timestamp: number;
  /** u32; 0 without FLAG_WHISPER. */
  target: number;
  /** Where the payload begins, in bytes. */
  payloadOffset: number;
}

/**
 * Why a datagram is no datagram. `empty` is a keep-alive and no error. `controlFlags`: CONTROL with another flag.
 * `noPayload`: nothing after the header, although the flags promise something.
 */
export type DecodeFailure =
  | 'empty'
  | 'tooShort'
  | 'tooLong'
  | 'reservedFlags'
  | 'controlFlags'
  | 'sequenceTooLarge'
  | 'noPayload';

/** Frozen constants: decoding allocates nothing. */
export type DecodeResult = { readonly ok: true } | { readonly ok: false; readonly reason: DecodeFailure };

const DECODED: DecodeResult = Object.freeze({ ok: true });

function failure(reason: DecodeFailure): DecodeResult {
  return Object.freeze({ ok: false, reason });
}

const EMPTY = failure('empty');
const TOO_SHORT = failure('tooShort');
const TOO_LONG = failure('tooLong');
const RESERVED_FLAGS = failure('reservedFlags');
const CONTROL_FLAGS = failure('controlFlags');
const SEQUENCE_TOO_LARGE = failure('sequenceTooLarge');
const NO_PAYLOAD = failure('noPayload');

/** A header of zeros to decode into. */
export function createHeader(): DatagramHeader {
  return {
    token: 0 as SessionToken,
    flags: 0,
    sequence: 0 as SeqNo,
    timestamp: 0,
    target: 0,
    payloadOffset: HEADER_BYTES,
  };
}

/**
 * Decodes the header of the datagram in `bytes[0, lengthBytes)`. Never throws on what the bytes say.
 *
 * @param into untouched unless the result is ok
 */
export function decodeHeader(bytes: Uint8Array, lengthBytes: number, into: DatagramHeader): DecodeResult {
  assert(lengthBytes <= bytes.length, 'a datagram lies within its buffer');
  if (lengthBytes === 0) return EMPTY;
  if (lengthBytes < HEADER_BYTES) return TOO_SHORT;
  if (lengthBytes > MAX_DATAGRAM_BYTES) return TOO_LONG;

  const flags = bytes[FLAGS_OFFSET] ?? 0;
  if ((flags & ~KNOWN_FLAGS) !== 0) return RESERVED_FLAGS;
  if ((flags & FLAG_CONTROL) !== 0 && flags !== FLAG_CONTROL) return CONTROL_FLAGS;

  const whisper = (flags & FLAG_WHISPER) !== 0;
  const payloadOffset = whisper ? HEADER_BYTES + WHISPER_TARGET_BYTES : HEADER_BYTES;
  if (lengthBytes < payloadOffset) return TOO_SHORT;

  // The byte before is the flags: masking it away leaves the 24 high bits of the sequence.
  const sequenceHigh = readSigned32(bytes, FLAGS_OFFSET) & 0xff_ffff;
  if (sequenceHigh > MAX_SEQUENCE_HIGH) return SEQUENCE_TOO_LARGE;
  if (lengthBytes === payloadOffset && !mayBeEmpty(flags)) return NO_PAYLOAD;

  into.token = (readSigned32(bytes, 0) >>> 0) as SessionToken;
  into.flags = flags;
  into.sequence = (sequenceHigh * 2 ** 32 + (readSigned32(bytes, SEQUENCE_LOW_OFFSET) >>> 0)) as SeqNo;
  into.timestamp = readSigned32(bytes, TIMESTAMP_OFFSET) >>> 0;
  into.target = whisper ? readSigned32(bytes, TARGET_OFFSET) >>> 0 : 0;
  into.payloadOffset = payloadOffset;
  return DECODED;
}

/**
 * Writes `header` to the start of `into`; `payloadOffset` is not read.
 *
 * @returns where the payload goes, in bytes
 * @throws when a field is out of range: that is our own defect, never a peer's
 */
export function encodeHeader(header: DatagramHeader, into: Uint8Array): number {
  const { token, flags, sequence, timestamp, target } = header;
  const whisper = (flags & FLAG_WHISPER) !== 0;
  const payloadOffset = whisper ? HEADER_BYTES + WHISPER_TARGET_BYTES : HEADER_BYTES;
  assert(into.length >= payloadOffset, 'the buffer holds the header');
  assert(isU32(token) && isU32(timestamp) && isU32(target), 'token, timestamp and target are u32');
  assert((flags & ~KNOWN_FLAGS) === 0, 'only flags of version 1 are sent');
  assert((flags & FLAG_CONTROL) === 0 || flags === FLAG_CONTROL, 'CONTROL goes with no other flag');
  assert(Number.isSafeInteger(sequence) && sequence >= 0, 'the sequence lies within MAX_SEQUENCE');

  const sequenceHigh = Math.floor(sequence / 2 ** 32);
  writeU32(into, 0, token);
  into[FLAGS_OFFSET] = flags;
  into[SEQUENCE_HIGH_OFFSET] = sequenceHigh >>> 16;
  into[SEQUENCE_HIGH_OFFSET + 1] = sequenceHigh >>> 8;
  into[SEQUENCE_HIGH_OFFSET + 2] = sequenceHigh;
  writeU32(into, SEQUENCE_LOW_OFFSET, sequence);
  writeU32(into, TIMESTAMP_OFFSET, timestamp);
  if (whisper) writeU32(into, TARGET_OFFSET, target);
  return payloadOffset;
}

/** A plain LAST only ends the talkspurt. With REDUNDANT blocks must follow, with SEALED at least a tag. */
function mayBeEmpty(flags: number): boolean {
  return (flags & FLAG_LAST) !== 0 && (flags & (FLAG_REDUNDANT | FLAG_SEALED)) === 0;
}
