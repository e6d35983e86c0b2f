interface Stream {
  readonly numbers: Set<number>;
  lastMs: number;
  longestGapMs: number;
}

/** What one listener heard of each speaker since `begin`. */
export class Hearing {
  /** Opened a second time. */
  twice = 0;
  /** Opened, and not as any honest member says it. */
  altered = 0;
  /** Numbers of the packets of nobody honest, by token. */
  readonly others = new Map<number, Set<number>>();
  readonly #streams = new Map<number, Stream>();
  #startMs = 0;

  begin(nowMs: number): void {
    this.#startMs = nowMs;
    this.#streams.clear();
    this.others.clear();
    this.twice = 0;
    this.altered = 0;
  }

  add(speaker: number, number: number, nowMs: number): void {
    let stream = this.#streams.get(speaker);
    if (stream === undefined) {
      stream = { numbers: new Set(), lastMs: this.#startMs, longestGapMs: 0 };
      this.#streams.set(speaker, stream);
    }
    if (stream.numbers.has(number)) this.twice += 1;
    stream.numbers.add(number);
    stream.longestGapMs = Math.max(stream.longestGapMs, nowMs - stream.lastMs);
    stream.lastMs = nowMs;
  }

  /** @param number null: no packet that anybody here makes */
  addOther(token: number, number: number | null): void {
    if (number === null) {
      this.altered += 1;
      return;
    }
    const numbers = this.others.get(token) ?? new Set();
    if (numbers.has(number)) this.twice += 1;
    this.others.set(token, numbers.add(number));
  }

  /** Different packets of a speaker with numbers from `first` to before `end`. */
  countBetween(speaker: number, first: number, end: number): number {
    let count = 0;
    for (const number of this.#streams.get(speaker)?.numbers ?? []) {
      if (number >= first && number < end) count += 1;
    }
    return count;
  }

  /** The silence up to now counts too. */
  longestGapMs(speaker: number, nowMs: number): number {
    const stream = this.#streams.get(speaker);
    if (stream === undefined) return nowMs - this.#startMs;
    return Math.max(stream.longestGapMs, nowMs - stream.lastMs);
  }
}
