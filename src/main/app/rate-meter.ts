/** A rate is that of the last few seconds: shorter ones jump with every packet, longer ones hide what just happened. */
export const RATE_WINDOW_MS = 3_000;

/** Totals kept: a voice has a handful, and a room has its limit of members. */
const MAX_TOTALS = 1_024;

interface Reading {
  readonly atMs: number;
  readonly total: number;
}

/** How fast totals grow that are read now and then, each under a name. */
export class RateMeter {
  readonly #readings = new Map<string, Reading[]>();

  /**
   * How much a total has grown over the last RATE_WINDOW_MS, or since it was first read.
   *
   * @returns growth and the time it took, in ms; no time at the first reading, or where the total began anew
   */
  growth(name: string, total: number, nowMs: number): { readonly amount: number; readonly tookMs: number } {
    let readings = this.#readings.get(name) ?? [];
    const last = readings.at(-1);
    if (last !== undefined && total < last.total) readings = [];
    readings.push({ atMs: nowMs, total });
    // The newest reading that is old enough stays, as the start of the window.
    while ((readings[1]?.atMs ?? nowMs) <= nowMs - RATE_WINDOW_MS) readings.shift();
    if (this.#readings.size >= MAX_TOTALS) this.#readings.clear();
    this.#readings.set(name, readings);
    const first = readings[0] ?? { atMs: nowMs, total };
    return { amount: total - first.total, tookMs: nowMs - first.atMs };
  }

  /** Growth per second; 0 where there is nothing to compare with. */
  perSecond(name: string, total: number, nowMs: number): number {
    const { amount, tookMs } = this.growth(name, total, nowMs);
    return tookMs > 0 ? (amount * 1_000) / tookMs : 0;
  }
}
