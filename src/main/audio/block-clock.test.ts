import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockClock, MAX_CATCH_UP_BLOCKS } from './block-clock.ts';

describe('BlockClock', () => {
  it('hands a block out when it is due, not before', () => {
    const clock = new BlockClock(10, 1_000);
    expect(clock.take(1_009.9)).toBe(0);
    expect(clock.waitMs(1_009.5)).toBeCloseTo(0.5);
    expect(clock.take(1_010)).toBe(1);
    expect(clock.take(1_010)).toBe(0);
  });

  it('does not drift, however late it is asked', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 400, noNaN: true }), { maxLength: 200 }), (pauses) => {
        const clock = new BlockClock(10, 0);
        let nowMs = 0;
        let handedOut = 0;
        for (const pause of pauses) {
          nowMs += pause;
          handedOut += clock.take(nowMs);
        }
        return handedOut === Math.floor(nowMs / 10) && clock.skippedBlocks === 0;
      }),
    );
  });

  it.each([
    [0, 360_000],
    [100, 360_036],
    [-100, 359_964],
  ])('with an error of %i ppm hands out %i blocks of 10 ms in an hour', (errorPpm, blocks) => {
    const clock = new BlockClock(10, 0, errorPpm);
    let handedOut = 0;
    // A tenth of a millisecond over the hour: the last block must not hang on a rounding error.
    for (let nowMs = 0; nowMs <= 3_600_000; nowMs += 100) handedOut += clock.take(nowMs + 0.1);
    expect(handedOut).toBe(blocks);
  });

  it.each([
    [MAX_CATCH_UP_BLOCKS - 1, MAX_CATCH_UP_BLOCKS - 1, 0],
    [MAX_CATCH_UP_BLOCKS, MAX_CATCH_UP_BLOCKS, 0],
    [MAX_CATCH_UP_BLOCKS + 1, MAX_CATCH_UP_BLOCKS, 1],
  ])('after a standstill of %i blocks hands out %i and skips %i', (due, taken, skipped) => {
    const clock = new BlockClock(10, 0);
    expect(clock.take(due * 10)).toBe(taken);
    expect(clock.skippedBlocks).toBe(skipped);
    expect(clock.take(due * 10)).toBe(0);
    expect(clock.waitMs(due * 10)).toBe(10);
  });
});
