import type { Recording } from '../rig/recorder.ts';
import { align } from '../sound/align.ts';
import { rmsDbfs } from '../sound/level.ts';

const SAMPLES_PER_MS = 48;

/** Speech is compared piece by piece, in ms: long enough to be unmistakable, short enough to follow the delay. */
const PIECE_MS = 1_000;

/** Pieces quieter than this are pauses. */
const QUIETEST_PIECE_DBFS = -45;

/** Longest delay looked for, in ms. */
export const MAX_DELAY_MS = 500;

/** A piece whose copy is less alike than this was not found. */
const MIN_SIMILARITY = 0.5;

/** Delays of all pieces that were found. */
export type Delay = {
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly pieces: number;
  /** Pieces that held sound but were not found on the other side. */
  readonly notFound: number;
};

/**
 * How much later a sound was heard than said: for every second of what was said, the place of best correlation
 * in what was heard, both on one clock.
 *
 * @returns null when no piece was found
 */
export function measureDelay(said: Recording, heard: Recording): Delay | null {
  const delaysMs: number[] = [];
  let notFound = 0;
  for (let fromMs = said.startMs; fromMs + PIECE_MS <= said.endMs; fromMs += PIECE_MS) {
    const piece = said.between(fromMs, fromMs + PIECE_MS);
    if (rmsDbfs(piece.samples) < QUIETEST_PIECE_DBFS) continue;
    const window = heard.between(fromMs, fromMs + PIECE_MS + MAX_DELAY_MS);
    const range = { minLag: 0, maxLag: MAX_DELAY_MS * SAMPLES_PER_MS };
    const found = align(piece.samples, window.samples, range);
    if (found === null || found.similarity < MIN_SIMILARITY) {
      notFound += 1;
      continue;
    }
    delaysMs.push(window.startMs - piece.startMs + found.delaySamples / SAMPLES_PER_MS);
  }
  delaysMs.sort((a, b) => a - b);
  const [minMs, medianMs, maxMs] = [delaysMs[0], delaysMs[delaysMs.length >> 1], delaysMs.at(-1)];
  if (minMs === undefined || medianMs === undefined || maxMs === undefined) return null;
  return { medianMs, minMs, maxMs, pieces: delaysMs.length, notFound };
}
