/** Most blocks handed out at once after a standstill: half a second of 10 ms blocks. After a suspend, hours are skipped. */
export const MAX_CATCH_UP_BLOCKS = 50;

/**
 * Paces blocks by a monotonic clock, without drift: block n is due `n` times the block length after the start,
 * however late the blocks before it were.
 */
export class BlockClock {
  readonly #blockMs: number;
  #startMs: number;
  #handedOut = 0;
  #skipped = 0;

  /**
   * @param blockMs length of a block, in ms
   * @param nowMs the first block is due one block later
   * @param errorPpm how much faster this clock runs than `nowMs` does, in parts per million; every real device errs
   */
  constructor(blockMs: number, nowMs: number, errorPpm = 0) {
    this.#blockMs = blockMs / (1 + errorPpm / 1_000_000);
    this.#startMs = nowMs;
  }

  /** Blocks due by `nowMs` and not handed out yet, at most `MAX_CATCH_UP_BLOCKS`; the rest is skipped and counted. */
  take(nowMs: number): number {
    const due = Math.floor((nowMs - this.#startMs) / this.#blockMs) - this.#handedOut;
    if (due <= 0) return 0;
    const taken = Math.min(due, MAX_CATCH_UP_BLOCKS);
    this.#skipped += due - taken;
    this.#handedOut += due;
    return taken;
  }

  /** Time until the next block is due, in ms, 0 when it is. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#startMs + (this.#handedOut + 1) * this.#blockMs - nowMs);
  }

  /** Blocks never handed out, after standstills. */
  get skippedBlocks(): number {
    return this.#skipped;
  }
}
