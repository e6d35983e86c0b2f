/** Underruns on a step, within `UNDERRUN_WINDOW_MS`, that make it too low: one can be chance, a second is a habit. */
export const UNDERRUN_LIMIT = 2;

/** How close underruns must come to one another to count together, in ms. */
export const UNDERRUN_WINDOW_MS = 10_000;

/** What a stream stumbles over just after it was opened says nothing of its buffers, in ms: the device settles. */
export const SETTLING_MS = 3_000;

/**
 * Time on a step without its limit being reached, in ms, after which the next start may try one step lower: ten
 * minutes, a short conversation. Only a start goes down: doing it live would cost a gap in order to risk more.
 */
export const CLEAN_MS = 600_000;

export interface BufferLadderOptions {
  /** Steps there are, at least one; step 0 has the shortest buffers. */
  readonly steps: number;
  /** Step to begin with; where there is no such step, the nearest that there is. */
  readonly startStep: number;
}

/**
 * Decides how long a device's buffers are: as short as they were good for last time, longer at once when sound ran
 * dry more than once in a short time, and shorter again only at a later start, after a long time in which it held.
 *
 * The owner reports underruns and reopens the stream when `handleUnderruns` says so.
 */
export class BufferLadder {
  readonly #steps: number;
  #step: number;
  #openedMs = Number.POSITIVE_INFINITY;
  #steadySinceMs = Number.POSITIVE_INFINITY;
  #firstUnderrunMs = Number.NEGATIVE_INFINITY;
  #underruns = 0;

  constructor(options: BufferLadderOptions) {
    this.#steps = Math.max(1, Math.trunc(options.steps));
    const wanted = Number.isFinite(options.startStep) ? Math.trunc(options.startStep) : 0;
    this.#step = Math.min(this.#steps - 1, Math.max(0, wanted));
  }

  /** Step that the stream shall have. */
  get step(): number {
    return this.#step;
  }

  /** A stream with `step` runs. */
  handleOpen(nowMs: number): void {
    this.#openedMs = nowMs;
    this.#forget(nowMs);
  }

  /**
   * Sound ran dry `count` times.
   *
   * @returns whether `step` has gone up, so that the stream must be opened anew
   */
  handleUnderruns(count: number, nowMs: number): boolean {
    if (count <= 0 || nowMs - this.#openedMs < SETTLING_MS) return false;
    if (nowMs - this.#firstUnderrunMs > UNDERRUN_WINDOW_MS) {
      this.#firstUnderrunMs = nowMs;
      this.#underruns = 0;
    }
    this.#underruns += count;
    if (this.#underruns < UNDERRUN_LIMIT) return false;
    this.#forget(nowMs);
    if (this.#step === this.#steps - 1) return false;
    this.#step += 1;
    this.#openedMs = Number.POSITIVE_INFINITY;
    return true;
  }

  /** Step that the next start shall begin with. */
  nextStartStep(nowMs: number): number {
    return nowMs - this.#steadySinceMs >= CLEAN_MS ? Math.max(0, this.#step - 1) : this.#step;
  }

  #forget(nowMs: number): void {
    this.#steadySinceMs = nowMs;
    this.#firstUnderrunMs = Number.NEGATIVE_INFINITY;
    this.#underruns = 0;
  }
}
