import { describe, expect, it } from 'vitest';
import { createRng } from '../base/rng.ts';
import { DelayPlan, MAX_TARGET_SAMPLES } from './delay-plan.ts';

const FRAME = 960;
const MS = 48;

/** A plan fed with frames whose transits are given in ms. */
class Bench {
  readonly plan = new DelayPlan(FRAME, 2 * FRAME);
  #frame = 0;

  feed(seconds: number, transitMs: (frame: number) => number, reordered = false): this {
    for (let count = 0; count < seconds * 50; count++, this.#frame++) {
      const timestamp = this.#frame * FRAME;
      this.plan.advance(timestamp + Math.round(transitMs(this.#frame) * MS));
      this.plan.observe(timestamp, reordered, false, false);
    }
    return this;
  }

  get targetMs(): number {
    return this.plan.targetTransit / MS;
  }
}

describe('DelayPlan', () => {
  it('begins with two frames and goes down to nothing on a quiet network', () => {
    const bench = new Bench();
    expect(bench.plan.isKnown).toBe(false);
    expect(bench.feed(0.02, () => 100).targetMs).toBe(140);
    const falling = [1, 2, 3].map(() => bench.feed(1, () => 100).targetMs);
    expect(falling).toEqual(falling.toSorted((a, b) => b - a));
    expect(bench.feed(1, () => 100).targetMs).toBe(100);
  });

  it('covers jitter that always comes, and not a spike that came once', () => {
    const rng = createRng(1);
    const jitter = () => 30 * rng.next();
    const steady = new Bench().feed(20, jitter);
    expect(steady.targetMs).toBeGreaterThan(24);
    expect(steady.targetMs).toBeLessThan(34);
    steady.feed(0.02, () => 60).feed(3, jitter);
    expect(steady.targetMs).toBeLessThan(45);
  });

  it('follows a route that becomes slower at once, and one that becomes faster within seconds', () => {
    const bench = new Bench().feed(10, () => 50);
    expect(bench.feed(1, () => 130).targetMs).toBeGreaterThanOrEqual(125);
    expect(bench.feed(10, () => 130).targetMs).toBeLessThanOrEqual(135);
    expect(bench.feed(12, () => 50).targetMs).toBeLessThan(60);
  });

  it('never aims further above the fastest packet than MAX_TARGET_SAMPLES', () => {
    const rng = createRng(2);
    const bench = new Bench();
    for (let second = 0; second < 60; second++) {
      bench.feed(1, () => 3_000 * rng.next() ** 3);
      expect(bench.plan.targetTransit - bench.plan.floorTransit).toBeLessThanOrEqual(MAX_TARGET_SAMPLES);
    }
  });

  it('keeps what it knows when the clock of the sender is set anew', () => {
    const rng = createRng(3);
    const bench = new Bench().feed(20, () => 20 * rng.next());
    const above = bench.plan.targetTransit - bench.plan.floorTransit;
    bench.feed(1, () => 1e6 + 20 * rng.next());
    expect(bench.targetMs).toBeGreaterThan(999_000);
    expect(Math.abs(bench.plan.targetTransit - bench.plan.floorTransit - above)).toBeLessThan(25 * MS);
  });

  it('follows a delay that swings, and stays a little above it', () => {
    const bench = new Bench();
    const swing = (frame: number) => 100 + 60 * Math.sin((2 * Math.PI * frame) / 1_000);
    bench.feed(40, swing);
    let short = 0;
    for (let frame = 2_000; frame < 4_000; frame++) {
      bench.feed(0.02, swing);
      expect(bench.targetMs - swing(frame)).toBeLessThan(60);
      if (bench.targetMs < swing(frame)) short++;
    }
    expect(short).toBeLessThan(20);
  });

  it('follows a drifting clock without growing', () => {
    for (const ppm of [200, -200]) {
      const bench = new Bench().feed(60, (frame) => 50 + (frame * 20 * ppm) / 1e6);
      expect(bench.targetMs - (50 + (60_000 * ppm) / 1e6)).toBeLessThan(6);
    }
  });

  it('calls overdue what is later than the others, and nothing else', () => {
    const rng = createRng(4);
    const bench = new Bench().feed(5, () => 20 * rng.next());
    const next = 250 * FRAME;
    expect(bench.plan.isOverdue(next, next + 5 * MS, 25 * MS)).toBe(false);
    expect(bench.plan.isOverdue(next, next + 25 * MS, 25 * MS)).toBe(true);
  });
});
