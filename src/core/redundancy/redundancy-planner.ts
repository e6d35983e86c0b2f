import { type Losses, NO_LOSSES } from './losses.ts';
import { planRedundancy, type RedundancyLimits, type RedundancyPlan } from './redundancy-plan.ts';

/** Losses that went down are believed after this time, in ms: those who report them have heard a turn or two since. */
export const HOLD_LOSSES_MS = 15_000;

/**
 * Keeps the plan of redundancy: follows losses up at once, and down only when they have stayed there for
 * HOLD_LOSSES_MS, so that a network which is bad now and then does not find speech unprotected each time.
 */
export class RedundancyPlanner {
  /** What is lost, as it was heard last. */
  #latest = NO_LOSSES;
  /** What is planned for. */
  #held = NO_LOSSES;
  /** When `#latest` may take the place of `#held`; null: they are the same. */
  #untilMs: number | null = null;
  /** The worst that was heard since `#held` was last true. */
  #worstSince = NO_LOSSES;

  /** What the plan reckons with. */
  get losses(): Losses {
    return this.#held;
  }

  handleHeard(losses: Losses, nowMs: number): void {
    this.handleDeadline(nowMs);
    this.#latest = losses;
    if (isWorse(losses, this.#held)) {
      this.#hold(losses);
    } else if (this.#untilMs === null) {
      if (isWorse(this.#held, losses)) {
        this.#worstSince = losses;
        this.#untilMs = nowMs + HOLD_LOSSES_MS;
      }
    } else if (isWorse(losses, this.#worstSince)) {
      this.#worstSince = losses;
    }
  }

  /** Call it at `nextDeadlineMs` or later. */
  handleDeadline(nowMs: number): void {
    if (this.#untilMs === null || nowMs < this.#untilMs) return;
    const sinceMs = this.#untilMs;
    this.#hold(this.#worstSince);
    if (!isWorse(this.#held, this.#latest)) return;
    this.#worstSince = this.#latest;
    this.#untilMs = sinceMs + HOLD_LOSSES_MS;
  }

  /** When the plan may change although nothing was heard. */
  nextDeadlineMs(): number | null {
    return this.#untilMs;
  }

  /** Another session. */
  clear(): void {
    this.#latest = NO_LOSSES;
    this.#hold(NO_LOSSES);
  }

  plan(limits: RedundancyLimits): RedundancyPlan {
    return planRedundancy(limits, this.#held);
  }

  #hold(losses: Losses): void {
    this.#held = losses;
    this.#worstSince = NO_LOSSES;
    this.#untilMs = null;
  }
}

function isWorse(a: Losses, b: Losses): boolean {
  if (a.lostPermille !== b.lostPermille) return a.lostPermille > b.lostPermille;
  return a.burstTenths > b.burstTenths;
}
