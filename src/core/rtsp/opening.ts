import type { Program } from '../program/program.ts';
import { PROGRAM_RATE_HZ } from '../program/program-frame.ts';
import type { Opening } from './rtsp-session.ts';

/**
 * Sound that a late joiner is sent at once, in samples: 200 ms. More than the 80 ms that a decoder takes to find its
 * feet (RFC 7845, section 4.6) and enough for a player that holds back that much against a bad network; each
 * millisecond more is one that the player stays behind.
 */
export const OPENING_SAMPLES = PROGRAM_RATE_HZ / 5;

/** Most bytes of pictures that are sent at once: what is larger waits for the next key. */
export const MAX_OPENING_PICTURE_BYTES = 1_048_576;

/** The same beside the connection, where nothing waits: less than players' sockets hold. */
export const MAX_OPENING_DATAGRAM_BYTES = 131_072;

/**
 * What a joiner begins with: the newest sound, and with pictures the sound since the newest that a decoder can begin
 * with.
 *
 * @param maxPictureBytes 0: no pictures are wanted
 */
export function openingOf(program: Program, maxPictureBytes: number): Opening {
  const units = maxPictureBytes > 0 ? program.recentUnits() : [];
  const bytes = units.reduce(
    (sum, unit) => sum + unit.units.reduce((part, { length }) => part + length, 0),
    0,
  );
  const [first] = units;
  if (first === undefined || bytes > maxPictureBytes)
    return { frames: program.recentFrames(OPENING_SAMPLES), units: [] };
  const newest = program.recentFrames(OPENING_SAMPLES);
  const all = program.recentFrames(Number.POSITIVE_INFINITY).filter(({ atMs }) => atMs >= first.atMs);
  return { frames: all.length > newest.length ? all : newest, units };
}
