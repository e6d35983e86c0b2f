/** How often counters are logged, in ms. */
export const COUNTER_LOG_INTERVAL_MS = 60_000;

/** Counters as they grow, told as what was added since the last time. */
export class CounterLog {
  #told: Readonly<Record<string, number>> = {};
  #latest: Readonly<Record<string, number>> = {};

  /**
   * Those that are missing are taken to be as they were.
   *
   * @param counters since the relay's start; a relay that was started again counts from zero
   */
  take(counters: Readonly<Record<string, number>>): void {
    this.#latest = { ...this.#latest, ...counters };
  }

  /** What was added since the last call. What is zero is left out; a counter below its last value began anew. */
  deltas(): Readonly<Record<string, number>> {
    const deltas: Record<string, number> = {};
    for (const [name, count] of Object.entries(this.#latest)) {
      const before = this.#told[name] ?? 0;
      const delta = count >= before ? count - before : count;
      if (delta !== 0) deltas[name] = delta;
    }
    this.#told = { ...this.#latest };
    return deltas;
  }
}
