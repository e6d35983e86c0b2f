/** How often counters are logged, in ms. */
export const COUNTER_LOG_INTERVAL_MS = 60_000;

export interface CounterReport {
  /** What goes up and down, as it is. */
  readonly now: Readonly<Record<string, number>>;
  /** What was added since the last report; what is zero is left out. */
  readonly added: Readonly<Record<string, number>>;
}

/** Counters as they grow, told as what was added since the last time. */
export class CounterLog {
  readonly #isGauge: (name: string) => boolean;
  #told: Readonly<Record<string, number>> = {};
  #latest: Readonly<Record<string, number>> = {};

  /** @param isGauge which names go up and down */
  constructor(isGauge: (name: string) => boolean) {
    this.#isGauge = isGauge;
  }

  /**
   * Those that are missing are taken to be as they were.
   *
   * @param counters since the relay's start; a relay that was started again counts from zero
   */
  take(counters: Readonly<Record<string, number>>): void {
    this.#latest = { ...this.#latest, ...counters };
  }

  /** A counter below its last value began anew. */
  report(): CounterReport {
    const now: Record<string, number> = {};
    const added: Record<string, number> = {};
    for (const [name, count] of Object.entries(this.#latest)) {
      if (this.#isGauge(name)) {
        now[name] = count;
        continue;
      }
      const before = this.#told[name] ?? 0;
      const delta = count >= before ? count - before : count;
      if (delta !== 0) added[name] = delta;
    }
    this.#told = { ...this.#latest };
    return { now, added };
  }
}
