interface Arrival {
  readonly mediaMs: number;
  readonly arrivalMs: number;
}

/** Arrivals of the last seconds of media: a packet's delay is told relative to the fastest of them. */
export class ArrivalHistory {
  readonly #windowMs: number;
  #arrivals: Arrival[] = [];
  #fastestMs = Number.POSITIVE_INFINITY;
  #newestMediaMs = Number.NEGATIVE_INFINITY;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  get size(): number {
    return this.#arrivals.length;
  }

  insert(mediaMs: number, arrivalMs: number): void {
    this.#newestMediaMs = Math.max(this.#newestMediaMs, mediaMs);
    this.#arrivals.push({ mediaMs, arrivalMs });
    this.#fastestMs = Math.min(this.#fastestMs, arrivalMs - mediaMs);
    let expired = 0;
    for (const arrival of this.#arrivals) {
      if (arrival.mediaMs + this.#windowMs >= mediaMs) break;
      expired += 1;
    }
    if (expired === 0) return;
    this.#arrivals = this.#arrivals.slice(expired);
    this.#fastestMs = Math.min(...this.#arrivals.map((arrival) => arrival.arrivalMs - arrival.mediaMs));
  }

  isNewest(mediaMs: number): boolean {
    return mediaMs === this.#newestMediaMs;
  }

  /** Delay against the fastest packet of the window, not below 0. */
  delayMs(mediaMs: number, arrivalMs: number): number {
    if (this.#arrivals.length === 0) return 0;
    return Math.max(0, arrivalMs - mediaMs - this.#fastestMs);
  }

  reset(): void {
    this.#arrivals = [];
    this.#fastestMs = Number.POSITIVE_INFINITY;
    this.#newestMediaMs = Number.NEGATIVE_INFINITY;
  }
}
