import { assert } from '../base/assert.ts';
import type { SeqNo, SessionToken } from '../base/brand.ts';
import { readU32, writeU32 } from './big-endian.ts';
import { createHeader, encodeHeader, FLAG_CONTROL, FLAGS_OFFSET, HEADER_BYTES } from './datagram.ts';

/** HMAC-SHA256 (RFC 2104) of `data` under `key`: all 32 bytes. Handed in, because the core has no cryptography. */
export type Mac = (key: Uint8Array, data: Uint8Array) => Uint8Array;

/** Client to relay: here I am, answer me. */
export const KIND_PROBE = 1;
/** Relay to client: the clock of the probe, sent back. Its own kind, so that a reflected probe is no answer. */
export const KIND_REPLY = 2;
/** Relay to client: first show that you get what is sent to where your probe came from: send this cookie back. */
export const KIND_CHALLENGE = 3;
export type ProbeKind = typeof KIND_PROBE | typeof KIND_REPLY | typeof KIND_CHALLENGE;

/** Length of a session's path key, in bytes: the output length of SHA-256 (RFC 2104, section 3). */
export const PATH_KEY_BYTES = 32;

/** Length of the relay's cookie key, in bytes: like a path key's. It never leaves the relay. */
export const COOKIE_KEY_BYTES = 32;

/** Cookie, in bytes: guessing 64 bits at the rate a relay answers strangers takes longer than the sun lasts. */
export const PROBE_COOKIE_BYTES = 8;

/** Truncated MAC, in bytes: 128 bits, at least half of the hash's output (RFC 2104, section 5). */
export const PROBE_MAC_BYTES = 16;

/** Largest clock, in microseconds: the field has 64 bits, numbers are exact up to here (285 years). */
export const MAX_PROBE_CLOCK = Number.MAX_SAFE_INTEGER;

const KIND_OFFSET = HEADER_BYTES;
const CLOCK_HIGH_OFFSET = KIND_OFFSET + 1;
const CLOCK_LOW_OFFSET = CLOCK_HIGH_OFFSET + 4;
const COOKIE_OFFSET = CLOCK_LOW_OFFSET + 4;
const MAC_OFFSET = COOKIE_OFFSET + PROBE_COOKIE_BYTES;
/** High part (above 32 bits) of MAX_PROBE_CLOCK. */
const MAX_CLOCK_HIGH = 0x1f_ffff;

/** Length of every probe, reply and challenge, header included, in bytes: no answer is longer than what asked for it. */
export const PROBE_DATAGRAM_BYTES = MAC_OFFSET + PROBE_MAC_BYTES;

/** Body of a CONTROL datagram; reused from one to the next. */
export interface Probe {
  kind: ProbeKind;
  /** Sender's own clock in microseconds; only its sender can read anything into it. */
  clockMicroseconds: number;
  /**
   * PROBE_COOKIE_BYTES. In a challenge what the relay wants back; in a probe the newest challenge's, zeros before the
   * first; in a reply zeros, not read.
   */
  readonly cookie: Uint8Array;
}

/** Why a CONTROL datagram is no probe. A wrong MAC is told by `verifyProbe`. */
export type ProbeFailure = 'wrongLength' | 'notControl' | 'unknownKind' | 'clockTooLarge';
export type ProbeResult = { readonly ok: true } | { readonly ok: false; readonly reason: ProbeFailure };

const DECODED: ProbeResult = Object.freeze({ ok: true });
const WRONG_LENGTH: ProbeResult = Object.freeze({ ok: false, reason: 'wrongLength' });
const NOT_CONTROL: ProbeResult = Object.freeze({ ok: false, reason: 'notControl' });
const UNKNOWN_KIND: ProbeResult = Object.freeze({ ok: false, reason: 'unknownKind' });
const CLOCK_TOO_LARGE: ProbeResult = Object.freeze({ ok: false, reason: 'clockTooLarge' });

/** A probe to decode into. */
export function createProbe(): Probe {
  return { kind: KIND_PROBE, clockMicroseconds: 0, cookie: new Uint8Array(PROBE_COOKIE_BYTES) };
}

/**
 * Writes a whole probe, reply or challenge datagram, MAC included, to the start of `into`.
 *
 * @param sequence of the session's CONTROL datagrams, which have their own numbers: voice must show no holes
 * @returns the datagram's length, always PROBE_DATAGRAM_BYTES
 * @throws when a field is out of range: our own defect
 */
export function encodeProbe(
  probe: Probe,
  token: SessionToken,
  sequence: SeqNo,
  pathKey: Uint8Array,
  mac: Mac,
  into: Uint8Array,
): number {
  const { kind, clockMicroseconds, cookie } = probe;
  assert(into.length >= PROBE_DATAGRAM_BYTES, 'the buffer holds the probe');
  assert(Number.isSafeInteger(clockMicroseconds) && clockMicroseconds >= 0, 'the clock is a whole number');
  assert(cookie.length === PROBE_COOKIE_BYTES, 'a cookie has 8 bytes');
  const header = createHeader();
  header.token = token;
  header.flags = FLAG_CONTROL;
  header.sequence = sequence;
  encodeHeader(header, into);
  into[KIND_OFFSET] = kind;
  writeU32(into, CLOCK_HIGH_OFFSET, Math.floor(clockMicroseconds / 2 ** 32));
  writeU32(into, CLOCK_LOW_OFFSET, clockMicroseconds);
  into.set(cookie, COOKIE_OFFSET);
  const full = mac(pathKey, into.subarray(0, MAC_OFFSET));
  assert(full.length >= PROBE_MAC_BYTES, 'the MAC function gives a whole MAC');
  for (let i = 0; i < PROBE_MAC_BYTES; i++) into[MAC_OFFSET + i] = full[i] ?? 0;
  return PROBE_DATAGRAM_BYTES;
}

/**
 * Reads the body of a CONTROL datagram in `bytes[0, lengthBytes)`. Nothing in it may be trusted before
 * `verifyProbe`; the split lets a relay rate-limit before it spends a MAC. Never throws on what the bytes say.
 *
 * @param into untouched unless the result is ok
 */
export function decodeProbe(bytes: Uint8Array, lengthBytes: number, into: Probe): ProbeResult {
  assert(lengthBytes <= bytes.length, 'a datagram lies within its buffer');
  if (lengthBytes !== PROBE_DATAGRAM_BYTES) return WRONG_LENGTH;
  if (bytes[FLAGS_OFFSET] !== FLAG_CONTROL) return NOT_CONTROL;
  const kind = bytes[KIND_OFFSET];
  if (kind !== KIND_PROBE && kind !== KIND_REPLY && kind !== KIND_CHALLENGE) return UNKNOWN_KIND;
  const clockHigh = readU32(bytes, CLOCK_HIGH_OFFSET);
  if (clockHigh > MAX_CLOCK_HIGH) return CLOCK_TOO_LARGE;
  into.kind = kind;
  into.clockMicroseconds = clockHigh * 2 ** 32 + readU32(bytes, CLOCK_LOW_OFFSET);
  for (let i = 0; i < PROBE_COOKIE_BYTES; i++) into.cookie[i] = bytes[COOKIE_OFFSET + i] ?? 0;
  return DECODED;
}

/**
 * True when the MAC of a decoded probe was made with `pathKey`. The comparison takes the same time whichever
 * byte differs, so that nobody can guess a MAC byte by byte.
 */
export function verifyProbe(bytes: Uint8Array, lengthBytes: number, pathKey: Uint8Array, mac: Mac): boolean {
  assert(lengthBytes <= bytes.length, 'a datagram lies within its buffer');
  if (lengthBytes !== PROBE_DATAGRAM_BYTES) return false;
  const full = mac(pathKey, bytes.subarray(0, MAC_OFFSET));
  assert(full.length >= PROBE_MAC_BYTES, 'the MAC function gives a whole MAC');
  return startsAlike(full, bytes.subarray(MAC_OFFSET), PROBE_MAC_BYTES);
}

/**
 * The cookie for one session at one address: HMAC-SHA256 under the relay's own key over token and packed address.
 * Whoever sends it back gets what is sent to that address (the address validation of QUIC, RFC 9000 section 8.1,
 * without its expiry: the key lives as long as the relay, and a cookie is of use for that session alone).
 *
 * @param address record of address, zone and port as the relay keeps it: all have one length, so that no two sources
 *   give the same bytes
 * @returns PROBE_COOKIE_BYTES
 */
export function addressCookie(
  token: SessionToken,
  address: Uint8Array,
  cookieKey: Uint8Array,
  mac: Mac,
): Uint8Array {
  const data = new Uint8Array(4 + address.length);
  writeU32(data, 0, token);
  data.set(address, 4);
  const full = mac(cookieKey, data);
  assert(full.length >= PROBE_COOKIE_BYTES, 'the MAC function gives a whole MAC');
  return full.subarray(0, PROBE_COOKIE_BYTES);
}

/** True when `probe` carries `cookie`; takes the same time whichever byte differs. */
export function carriesCookie(probe: Probe, cookie: Uint8Array): boolean {
  return startsAlike(probe.cookie, cookie, PROBE_COOKIE_BYTES);
}

function startsAlike(a: Uint8Array, b: Uint8Array, lengthBytes: number): boolean {
  let difference = 0;
  for (let i = 0; i < lengthBytes; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
