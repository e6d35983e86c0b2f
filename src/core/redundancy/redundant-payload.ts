import { assert } from '../base/assert.ts';
import { MAX_SEALED_PLAINTEXT_BYTES } from '../seal/sealed-datagram.ts';

/** Most earlier frames in one datagram: a third copy costs as much again and saves only what three losses took. */
export const MAX_COPIES = 2;

/**
 * Furthest frame that a copy may be of, counted back from its own datagram; the field has four bits. Nobody waits
 * longer for a frame (300 ms of 20 ms frames), and what a datagram can name is bounded by it.
 */
export const MAX_COPY_DISTANCE = 15;

/** What stands before the frames for each copy, in bytes: follow bit, distance, length. */
export const COPY_HEADER_BYTES = 2;

/** Longest copy; the field has eleven bits, and no plaintext is longer than this. */
const MAX_COPY_BYTES = MAX_SEALED_PLAINTEXT_BYTES;

/** Another copy's header follows. */
const FOLLOW_BIT = 0x80;
const DISTANCE_SHIFT = 3;
const LENGTH_HIGH_MASK = 0x07;

/** An earlier frame inside a payload. */
export interface Copy {
  /** So many frames before the primary: 1 to MAX_COPY_DISTANCE. */
  distance: number;
  offset: number;
  lengthBytes: number;
}

/** Where the frames of a redundant payload lie; reused from payload to payload. */
export interface RedundantLayout {
  /** The first `copyCount` are those of the payload, oldest first. */
  readonly copies: readonly Copy[];
  copyCount: number;
  primaryOffset: number;
  /** 0 only at the end of a talkspurt. */
  primaryBytes: number;
}

/**
 * Why a payload is no redundant one. `truncated`: a header or a copy reaches beyond the end. `notOlder`: the distances
 * do not fall from copy to copy, or one is 0. `beforeFirst`: a copy of a frame before number 0. `noPrimary`: nothing
 * behind the copies, although the talkspurt goes on.
 */
export type RedundantFailure =
  | 'truncated'
  | 'tooManyCopies'
  | 'notOlder'
  | 'emptyCopy'
  | 'beforeFirst'
  | 'noPrimary';

/** Every reason, for counting. */
export const REDUNDANT_FAILURES: readonly RedundantFailure[] = [
  'truncated',
  'tooManyCopies',
  'notOlder',
  'emptyCopy',
  'beforeFirst',
  'noPrimary',
];

export type RedundantResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: RedundantFailure };

const PARSED: RedundantResult = Object.freeze({ ok: true });

function failure(reason: RedundantFailure): RedundantResult {
  return Object.freeze({ ok: false, reason });
}

const TRUNCATED = failure('truncated');
const TOO_MANY_COPIES = failure('tooManyCopies');
const NOT_OLDER = failure('notOlder');
const EMPTY_COPY = failure('emptyCopy');
const BEFORE_FIRST = failure('beforeFirst');
const NO_PRIMARY = failure('noPrimary');

/** A layout to parse into. */
export function createRedundantLayout(): RedundantLayout {
  const copies = Array.from({ length: MAX_COPIES }, () => ({ distance: 0, offset: 0, lengthBytes: 0 }));
  return { copies, copyCount: 0, primaryOffset: 0, primaryBytes: 0 };
}

/**
 * Finds the frames in the plaintext of a datagram with FLAG_REDUNDANT. Model: RFC 2198, with distances in frames
 * instead of samples, and without payload types. Never throws on what the bytes say.
 *
 * @param sequence of the datagram; a copy's frame is the one whose own datagram had `sequence - distance`
 * @param last the datagram ends its talkspurt: its primary may be empty
 * @param into not to be read unless the result is ok
 */
export function parseRedundantPayload(
  bytes: Uint8Array,
  lengthBytes: number,
  sequence: number,
  last: boolean,
  into: RedundantLayout,
): RedundantResult {
  assert(lengthBytes <= bytes.length, 'a payload lies within its buffer');
  let at = 0;
  let count = 0;
  let nearest = MAX_COPY_DISTANCE + 1;
  for (let follows = true; follows; ) {
    if (at + COPY_HEADER_BYTES > lengthBytes) return TRUNCATED;
    const copy = into.copies[count];
    if (copy === undefined) return TOO_MANY_COPIES;
    const first = bytes[at] ?? 0;
    const distance = (first & ~FOLLOW_BIT) >>> DISTANCE_SHIFT;
    if (distance === 0 || distance >= nearest) return NOT_OLDER;
    if (distance > sequence) return BEFORE_FIRST;
    copy.distance = distance;
    copy.lengthBytes = ((first & LENGTH_HIGH_MASK) << 8) | (bytes[at + 1] ?? 0);
    if (copy.lengthBytes === 0) return EMPTY_COPY;
    nearest = distance;
    count += 1;
    at += COPY_HEADER_BYTES;
    follows = (first & FOLLOW_BIT) !== 0;
  }
  for (let index = 0; index < count; index += 1) {
    const copy = into.copies[index];
    if (copy === undefined || at + copy.lengthBytes > lengthBytes) return TRUNCATED;
    copy.offset = at;
    at += copy.lengthBytes;
  }
  if (at === lengthBytes && !last) return NO_PRIMARY;
  into.copyCount = count;
  into.primaryOffset = at;
  into.primaryBytes = lengthBytes - at;
  return PARSED;
}

/**
 * Writes the header of one copy.
 *
 * @param follows the header of another, nearer copy comes behind it
 * @returns where the next header or the first frame goes
 */
export function writeCopyHeader(
  into: Uint8Array,
  at: number,
  distance: number,
  lengthBytes: number,
  follows: boolean,
): number {
  assert(distance >= 1 && distance <= MAX_COPY_DISTANCE, 'a copy is of a frame shortly before');
  assert(lengthBytes >= 1 && lengthBytes <= MAX_COPY_BYTES, 'a copy has bytes, and fits a datagram');
  into[at] = (follows ? FOLLOW_BIT : 0) | (distance << DISTANCE_SHIFT) | (lengthBytes >>> 8);
  into[at + 1] = lengthBytes & 0xff;
  return at + COPY_HEADER_BYTES;
}
