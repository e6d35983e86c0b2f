import { describe, expect, it } from 'vitest';
import { optimum } from './oracle.ts';
import type { Trace } from './trace.ts';

function call(delaysMs: readonly (number | null)[], talkspurts?: readonly (number | null)[]): Trace {
  return talkspurts ? { delaysMs, driftPpm: 0, talkspurts } : { delaysMs, driftPpm: 0 };
}

describe('optimum', () => {
  it('is nothing above the fastest packet on a network without jitter', () => {
    expect(optimum(call([30, 30, 30]), 0)).toEqual({ playoutMs: 0, bufferMs: 0, lostShare: 0 });
  });

  it('is the slowest packet when none may be late', () => {
    // Everybody waits for the one that takes 40 ms longer.
    const best = optimum(call([10, 50, 10, 10]), 0);
    expect(best.playoutMs).toBeCloseTo(40);
    expect(best.bufferMs).toBeCloseTo(30);
  });

  it('gives up the slowest packet when one may be late', () => {
    const best = optimum(call([10, 50, 12, 10]), 0.25);
    expect(best.playoutMs).toBeCloseTo(2);
    expect(best.bufferMs).toBeCloseTo(4 / 3);
    expect(best.lostShare).toBeCloseTo(0.25);
  });

  it('gives each talkspurt a delay of its own', () => {
    const best = optimum(call([10, 10, 70, 10, 30, 30], [0, 0, null, 1, 1, 1]), 0);
    // Two packets at 0 and three at 20; what is sent in silence does not count.
    expect(best.playoutMs).toBeCloseTo(60 / 5);
    expect(best.bufferMs).toBeCloseTo(20 / 5);
  });

  it('spends the loss allowed where it gains most', () => {
    // Leaving out the 90 saves 2 x 80, leaving out the 40 saves 2 x 30.
    const best = optimum(call([10, 10, 90, 10, 10, 40], [0, 0, 0, 1, 1, 1]), 1 / 6);
    expect(best.playoutMs).toBeCloseTo((0 + 0 + 3 * 30) / 5);
  });

  it('counts what was lost on the way against the loss allowed', () => {
    const trace = call([10, null, 50, 10]);
    expect(optimum(trace, 0.25).playoutMs).toBeCloseTo(40);
    expect(optimum(trace, 0.5).playoutMs).toBeCloseTo(0);
    // Less than the network's own loss is nobody's to have.
    expect(optimum(trace, 0).lostShare).toBeCloseTo(0.25);
  });
});
