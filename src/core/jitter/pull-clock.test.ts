import { describe, expect, it } from 'vitest';
import { PullClock } from './pull-clock.ts';

const BLOCK_SAMPLES = 480;

describe('PullClock', () => {
  it('tells the mean moment, half a block before a sample would be emitted one by one', () => {
    const clock = new PullClock();
    for (let pull = 0; pull < 100; pull++)
      clock.observe(pull * BLOCK_SAMPLES, BLOCK_SAMPLES, 1_000 + pull * 10);
    expect(clock.handedOnMs(48_000)).toBeCloseTo(2_000 - 5, 1);
  });

  it('sees a device that takes two blocks at a time as what it is', () => {
    const clock = new PullClock();
    for (let pull = 0; pull < 1_000; pull++) {
      clock.observe(pull * BLOCK_SAMPLES, BLOCK_SAMPLES, 1_000 + Math.floor(pull / 2) * 20);
    }
    expect(clock.handedOnMs(480_000)).toBeCloseTo(11_000 - 10, 1);
  });

  it('begins anew after a standstill, and bears what is merely late', () => {
    const clock = new PullClock();
    const pullAt = (pull: number, lateMs: number): void =>
      clock.observe(pull * BLOCK_SAMPLES, BLOCK_SAMPLES, pull * 10 + lateMs);
    for (let pull = 0; pull < 1_000; pull++) pullAt(pull, pull === 900 ? 40 : 0);
    expect(clock.handedOnMs(0)).toBeCloseTo(-5, 0);
    pullAt(1_000, 5_000);
    expect(clock.handedOnMs(0)).toBeCloseTo(5_000 - 5, 1);
  });
});
