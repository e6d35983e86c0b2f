import { PROGRAM_RATE_HZ } from '../program/program-frame.ts';

/** Shortest Opus frame, 2.5 ms: muxers that round their granule positions are off by less. */
const MIN_SKIP_SAMPLES = 120;

/** Longest hole that is taken for lost sound, ten seconds: beyond it a publisher set its clock anew. */
export const MAX_SKIP_SAMPLES = 10 * PROGRAM_RATE_HZ;

/** A clock that went back by more than this was set anew: one second. */
const MAX_OVERLAP_SAMPLES = PROGRAM_RATE_HZ;

/**
 * Finds lost sound by the granule positions of a stream's pages (RFC 7845, section 4): where a page says that it begins
 * later than the one before it ended.
 */
export class GranuleClock {
  /** Where the sound that came so far ends, in samples at 48 kHz; null: nothing came yet. */
  #ends: number | null = null;
  /** Pages whose position was of no use, because it jumped or is none. */
  strange = 0;

  /**
   * @param granule of the page: where the packets that end on it are over; negative: it says nothing
   * @param samples held by the packets that end on it
   * @returns samples that were lost before them: 0 to MAX_SKIP_SAMPLES
   */
  pass(granule: bigint, samples: number): number {
    const ends = this.#ends;
    const says = Number(granule);
    if (says < 0 || !Number.isSafeInteger(says)) {
      this.strange += says === -1 && samples === 0 ? 0 : 1;
      if (ends !== null) this.#ends = ends + samples;
      return 0;
    }
    const skipped = ends === null ? 0 : says - samples - ends;
    const jumped = skipped > MAX_SKIP_SAMPLES || skipped < -MAX_OVERLAP_SAMPLES;
    if (jumped) this.strange += 1;
    // Where it is off by little, our own count goes on: errors of single pages do not add up.
    const goesOn = ends !== null && !jumped && skipped < MIN_SKIP_SAMPLES;
    this.#ends = goesOn ? ends + samples : says;
    return jumped || goesOn ? 0 : skipped;
  }
}
