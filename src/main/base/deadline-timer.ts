/** The part of an engine that says when it wants to be called again. */
export interface Deadlined {
  /** On the clock of `performance.now()`; null: not before something arrives. */
  nextDeadlineMs(): number | null;
}

/**
 * The clock of one engine: calls back at its deadline.
 *
 * Whoever calls a handler of the engine calls `reschedule` afterwards, because every handler may move the deadline.
 */
export class DeadlineTimer {
  readonly #engine: Deadlined;
  readonly #onDeadline: (nowMs: number) => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(engine: Deadlined, onDeadline: (nowMs: number) => void) {
    this.#engine = engine;
    this.#onDeadline = onDeadline;
  }

  reschedule(): void {
    this.stop();
    const deadlineMs = this.#engine.nextDeadlineMs();
    if (deadlineMs === null) return;
    // At least a millisecond: a deadline in the past must not keep the event loop from its sockets.
    const delayMs = Math.max(1, deadlineMs - performance.now());
    this.#timer = setTimeout(() => {
      this.#onDeadline(performance.now());
      this.reschedule();
    }, delayMs);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
