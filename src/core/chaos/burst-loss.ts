import type { ChaosSettings } from './chaos-settings.ts';

/** The line's state goes on in steps of this, in ms, while nothing is sent: the distance of usual datagrams. */
export const BURST_STEP_MS = 20;

/**
 * Loss in bursts: Gilbert's model (E. N. Gilbert, "Capacity of a burst-noise channel", 1960) in its simple form, a
 * good state that loses nothing and a bad one that loses all. A datagram is one step.
 *
 * In a pause the line goes on as if datagrams were sent: otherwise a burst that silence interrupts would swallow the
 * heartbeats of many seconds, and mild chaos would look like a dead line.
 */
export class BurstLoss {
  #bad = false;
  #lastMs: number | null = null;

  /** Back to the good state. */
  reset(): void {
    this.#bad = false;
    this.#lastMs = null;
  }

  /**
   * Takes the next datagram.
   *
   * @param chance uniform in [0, 1)
   * @returns true when it is lost
   */
  takes(settings: ChaosSettings, nowMs: number, chance: number): boolean {
    const share = settings.burstLossPercent / 100;
    const sinceMs = nowMs - (this.#lastMs ?? nowMs);
    this.#lastMs = nowMs;
    if (share === 0) {
      this.#bad = false;
      return false;
    }
    const leaveBad = 1 / settings.burstLength;
    const enterBad = (leaveBad * share) / (1 - share);
    const steps = Math.max(1, Math.round(sinceMs / BURST_STEP_MS));
    // A chain of two states forgets where it was by this factor a step.
    const memory = (1 - enterBad - leaveBad) ** steps;
    this.#bad = chance < share + ((this.#bad ? 1 : 0) - share) * memory;
    return this.#bad;
  }
}
