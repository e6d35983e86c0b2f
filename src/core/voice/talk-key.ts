/** Presses and releases that wait for the samples before them: more than fingers do within the capture ring. */
export const MAX_PENDING_KEYS = 32;

interface KeyMove {
  readonly position: number;
  readonly held: boolean;
}

/**
 * The push-to-talk key, by the position of captured samples: what was said before it went down or came up may still
 * be on its way through the processing.
 */
export class TalkKey {
  /** How long the microphone stays open after the key came up, in samples. */
  releaseDelaySamples = 0;
  /** In order of their positions. */
  readonly #moves: KeyMove[] = [];
  #newest = false;
  #held = false;
  /** Where the key came up; NaN: there is no release delay to run. */
  #releasedAt = Number.NaN;

  /** The key is down, or was, or will be, for samples that have not come yet. */
  get isBusy(): boolean {
    return this.#newest || this.#moves.length > 0 || !Number.isNaN(this.#releasedAt);
  }

  /** The key went down or came up after `position` samples were captured. */
  handleKey(held: boolean, position: number): void {
    if (held === this.#newest) return;
    this.#newest = held;
    if (this.#moves.length >= MAX_PENDING_KEYS) {
      // Nobody can say any more what was said with the key down: the microphone stays shut until the next press.
      this.#moves.length = 0;
      this.#held = false;
      this.#newest = false;
      this.cancelRelease();
      return;
    }
    this.#moves.push({ position, held });
  }

  /** Whether the microphone is open just before `position`, which never goes back. */
  isOpenAt(position: number): boolean {
    for (let move = this.#moves[0]; move !== undefined; move = this.#moves[0]) {
      if (move.position >= position) break;
      this.#moves.shift();
      this.#releasedAt = move.held ? Number.NaN : move.position;
      this.#held = move.held;
    }
    if (this.#held) return true;
    if (position <= this.#releasedAt + this.releaseDelaySamples) return true;
    this.cancelRelease();
    return false;
  }

  /** What is left of a release delay is void: something else came in between. */
  cancelRelease(): void {
    this.#releasedAt = Number.NaN;
  }
}
