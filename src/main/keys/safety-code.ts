import { createHash } from 'node:crypto';
import { assert } from '../../core/base/assert.ts';

/** Digits in a group: what a person reads out in one breath. */
const GROUP_DIGITS = 5;
/** Bytes behind each group: 40 bits modulo 100,000 favour no digit by more than one part in ten million. */
const GROUP_BYTES = 5;

/** Groups of a pair's code: 60 digits, 199 bits. Finding two keys that fool both sides takes 2^99 tries. */
const PAIR_GROUPS = 12;
/** Groups of a channel's code: 30 digits, 99 bits; nobody chooses an authenticator, it comes from everyone's keys. */
const CHANNEL_GROUPS = 6;

const PAIR_LABEL = 'sidetone safety code 1\0';
const CHANNEL_LABEL = 'sidetone group code 1\0';

/**
 * What two people compare to know that they have each other's identity: 12 groups of five digits, from the SHA-512
 * of a label and both public keys, the smaller first, so that both sides see the same. It belongs to the identities
 * and stays the same in every room. (The idea is Signal's numeric fingerprint; the construction is our own.)
 *
 * @param own, other 32 bytes each
 */
export function safetyCode(own: Uint8Array, other: Uint8Array): string {
  assert(own.length === 32 && other.length === 32, 'identities have 32 bytes');
  const [first, second] = Buffer.compare(own, other) <= 0 ? [own, other] : [other, own];
  return digits(createHash('sha512').update(PAIR_LABEL).update(first).update(second).digest(), PAIR_GROUPS);
}

/**
 * What everybody in a channel can compare to know that they are in the same group, with the same members: 6 groups
 * of five digits from the epoch authenticator (RFC 9420, section 8.7). It changes with every join and leave.
 */
export function groupCode(epochAuthenticator: Uint8Array): string {
  return digits(
    createHash('sha512').update(CHANNEL_LABEL).update(epochAuthenticator).digest(),
    CHANNEL_GROUPS,
  );
}

function digits(digest: Buffer, groups: number): string {
  return Array.from({ length: groups }, (_, group) =>
    String(digest.readUIntBE(group * GROUP_BYTES, GROUP_BYTES) % 10 ** GROUP_DIGITS).padStart(
      GROUP_DIGITS,
      '0',
    ),
  ).join(' ');
}
