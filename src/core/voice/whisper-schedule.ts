import { assert } from '../base/assert.ts';
import { CHANNEL_TARGET } from '../seal/key-ring.ts';
import { SAMPLES_PER_MS } from './sample-rate.ts';

/** Whispers that a person keeps on keys at a time: their number fits the second byte of a packet's kind with room. */
export const MAX_WHISPER_SLOTS = 16;

/**
 * A whisper's sound is still on its way when its key is let go: through the device's buffers, the sound server's and
 * ours. Measured at 70 ms for a sound server's round trip; wireless headsets take up to twice that. In ms.
 */
export const WHISPER_TAIL_MS = 200;

/** The same in samples. */
export const WHISPER_TAIL_SAMPLES = WHISPER_TAIL_MS * SAMPLES_PER_MS;

/**
 * What the processing holds of a sound rings on in what comes behind it: filters, the echo canceller's most of all. A
 * loud voice that broke off at the end of a tail was 45 to 60 dB quieter after this time. In ms.
 */
export const WHISPER_SPREAD_MS = 60;

/** The same in samples. */
export const WHISPER_SPREAD_SAMPLES = WHISPER_SPREAD_MS * SAMPLES_PER_MS;

/** Stands for a target where samples are sent to nobody. Also a whisper that goes to nobody, while its key is held. */
export const NOBODY = -1;

/** Presses and releases that wait for the samples before them: more than fingers do within the capture ring. */
export const MAX_PENDING_PRESSES = 32;

/** Whispers whose tail runs at a time: more than fingers release within WHISPER_TAIL_MS. */
export const MAX_RUNNING_TAILS = 16;

interface Press {
  readonly position: number;
  /** Held from there on; null: none. */
  readonly whisper: number | null;
}

/**
 * Whom each captured sample is for: the channel, a whisper, or nobody.
 *
 * Positions count captured samples. A whisper owns what was captured while its key was held and WHISPER_TAIL_SAMPLES
 * after it; the WHISPER_SPREAD_SAMPLES that follow are nobody's. What two whispers could both own goes to nobody: it
 * was spoken for one of them, and the other must not hear it. Everything else is the channel's. The first
 * WHISPER_TAIL_SAMPLES are nobody's: a microphone that begins anew does not know whether a whisper has just ended.
 */
export class WhisperSchedule {
  /** In order of their positions, all ahead of the samples given out. */
  readonly #presses: Press[] = [];
  /** Where the tail of each whisper that was let go ends. */
  readonly #tails = new Map<number, number>();
  #held: number | null = null;
  #newest: number | null = null;
  #nobodyUntil = WHISPER_TAIL_SAMPLES;

  /**
   * A whisper key went down, or (null) none is held any more, after `position` samples were captured.
   *
   * @param whisper names the target, above 0; or NOBODY
   */
  handleKey(whisper: number | null, position: number): void {
    assert(
      whisper === null || whisper > CHANNEL_TARGET || whisper === NOBODY,
      'a whisper has a number above 0',
    );
    if (whisper === this.#newest) return;
    this.#newest = whisper;
    if (this.#presses.length >= MAX_PENDING_PRESSES) {
      // Nobody can say any more whose the waiting samples are.
      this.#presses.length = 0;
      this.#held = null;
      this.#nobodyUntil = position + WHISPER_TAIL_SAMPLES + WHISPER_SPREAD_SAMPLES;
    }
    this.#presses.push({ position, whisper });
  }

  /** A whisper is held, or its tail runs, or samples are on their way that were captured for one. */
  get isBusy(): boolean {
    return this.#held !== null || this.#presses.length > 0 || this.#tails.size > 0;
  }

  /** What was captured before `position` is nobody's: it was said to nobody. */
  closeUntil(position: number): void {
    this.#nobodyUntil = Math.max(this.#nobodyUntil, position);
  }

  /**
   * Takes note of the presses up to `position`, which never goes back.
   *
   * @returns true when a whisper was let go
   */
  advanceTo(position: number): boolean {
    let released = false;
    for (let press = this.#presses[0]; press !== undefined; press = this.#presses[0]) {
      if (press.position > position) break;
      this.#presses.shift();
      if (this.#held !== null) {
        this.#startTail(this.#held, press.position);
        released = true;
      }
      this.#held = press.whisper;
    }
    for (const [whisper, end] of this.#tails)
      if (end + WHISPER_SPREAD_SAMPLES <= position) this.#tails.delete(whisper);
    return released;
  }

  /** Whose the sample at `position` is, after `advanceTo(position)`: CHANNEL_TARGET, a whisper, or NOBODY. */
  ownerAt(position: number): number {
    if (position < this.#nobodyUntil) return NOBODY;
    let owner = this.#held ?? CHANNEL_TARGET;
    for (const [whisper, end] of this.#tails) {
      if (end + WHISPER_SPREAD_SAMPLES <= position || whisper === owner) continue;
      if (owner !== CHANNEL_TARGET || end <= position) return NOBODY;
      owner = whisper;
    }
    return owner;
  }

  /** The next position from which the owner may be another; Infinity while nothing is to come. */
  nextChange(position: number): number {
    let next = this.#presses[0]?.position ?? Number.POSITIVE_INFINITY;
    if (this.#nobodyUntil > position) next = Math.min(next, this.#nobodyUntil);
    for (const end of this.#tails.values()) {
      if (end > position) next = Math.min(next, end);
      else if (end + WHISPER_SPREAD_SAMPLES > position) next = Math.min(next, end + WHISPER_SPREAD_SAMPLES);
    }
    return next;
  }

  #startTail(whisper: number, position: number): void {
    const end = position + WHISPER_TAIL_SAMPLES;
    if (this.#tails.size >= MAX_RUNNING_TAILS && !this.#tails.has(whisper)) {
      this.#tails.clear();
      this.#nobodyUntil = end + WHISPER_SPREAD_SAMPLES;
    }
    this.#tails.set(whisper, end);
  }
}
