import { assert } from '../base/assert.ts';
import { MAX_SEQUENCE } from '../wire/datagram.ts';

/**
 * How many numbers behind the highest are remembered. 20 seconds of voice at 50 datagrams a second: far more than any
 * network reorders and any jitter buffer would still play, for 128 bytes per sender. A multiple of 32, and it divides
 * 2^53, so that numbers map to bits without a seam.
 */
export const REPLAY_WINDOW = 1024;

const BITS_PER_WORD = 32;

/**
 * Which sequence numbers of one sender have been accepted (RFC 4303, section 3.4.3; RFC 3711, section 3.3.2): a ring
 * of bits, as in RFC 6479, so that advancing moves nothing.
 *
 * Ask `isFresh` before opening and `commit` only what has verified: a forged number must not close the window.
 */
export class ReplayWindow {
  readonly #accepted = new Uint32Array(REPLAY_WINDOW / BITS_PER_WORD);
  #highest = -1;

  /** Highest number accepted; -1 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /** False for a number that was accepted, and for one so old that nobody knows any more. */
  isFresh(sequence: number): boolean {
    if (sequence > this.#highest) return true;
    if (sequence <= this.#highest - REPLAY_WINDOW) return false;
    const bit = sequence % REPLAY_WINDOW;
    return ((this.#accepted[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0;
  }

  /** Takes note of an authentic datagram. */
  commit(sequence: number): void {
    assert(
      Number.isSafeInteger(sequence) && sequence >= 0 && sequence <= MAX_SEQUENCE,
      'a number of a datagram',
    );
    assert(this.isFresh(sequence), 'no number is accepted twice');
    this.#advanceTo(sequence);
    const bit = sequence % REPLAY_WINDOW;
    this.#accepted[bit >>> 5] = (this.#accepted[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  /** Makes `sequence` the highest if it is, and forgets what falls out of the window. */
  #advanceTo(sequence: number): void {
    if (sequence <= this.#highest) return;
    if (sequence - this.#highest >= REPLAY_WINDOW) {
      this.#accepted.fill(0);
    } else {
      for (let passed = this.#highest + 1; passed <= sequence; passed += 1) {
        const bit = passed % REPLAY_WINDOW;
        this.#accepted[bit >>> 5] = (this.#accepted[bit >>> 5] ?? 0) & ~(1 << (bit & 31));
      }
    }
    this.#highest = sequence;
  }
}
