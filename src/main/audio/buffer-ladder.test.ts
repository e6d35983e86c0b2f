import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferLadder, CLEAN_MS, SETTLING_MS, UNDERRUN_WINDOW_MS } from './buffer-ladder.ts';

function openLadder(startStep = 0, steps = 4): BufferLadder {
  const ladder = new BufferLadder({ steps, startStep });
  ladder.handleOpen(0);
  return ladder;
}

describe('BufferLadder', () => {
  it.each([
    [-1, 0],
    [0, 0],
    [3, 3],
    [4, 3],
    [1.5, 1],
    [Number.NaN, 0],
  ])('asked to begin with step %d of four begins with %i', (startStep, step) => {
    expect(openLadder(startStep).step).toBe(step);
  });

  it('goes up at the second underrun within the window, not at the first', () => {
    const ladder = openLadder();
    expect(ladder.handleUnderruns(1, 5_000)).toBe(false);
    expect(ladder.handleUnderruns(1, 5_000 + UNDERRUN_WINDOW_MS)).toBe(true);
    expect(ladder.step).toBe(1);
  });

  it('takes underruns further apart than the window for chance', () => {
    const ladder = openLadder();
    for (let nowMs = 5_000; nowMs < 1_000_000; nowMs += UNDERRUN_WINDOW_MS + 1) {
      expect(ladder.handleUnderruns(1, nowMs)).toBe(false);
    }
    expect(ladder.step).toBe(0);
  });

  it('goes up at once when several are reported together', () => {
    expect(openLadder().handleUnderruns(2, 5_000)).toBe(true);
  });

  it('does not count what happens while the device settles, nor before it runs', () => {
    const ladder = openLadder();
    expect(ladder.handleUnderruns(9, SETTLING_MS - 1)).toBe(false);
    expect(ladder.handleUnderruns(2, SETTLING_MS)).toBe(true);
    expect(ladder.handleUnderruns(9, SETTLING_MS + 60_000)).toBe(false);
    ladder.handleOpen(70_000);
    expect(ladder.handleUnderruns(2, 70_000 + SETTLING_MS)).toBe(true);
    expect(ladder.step).toBe(2);
  });

  it('stays on the last step, whatever happens', () => {
    const ladder = openLadder(3);
    expect(ladder.handleUnderruns(100, 5_000)).toBe(false);
    expect(ladder.step).toBe(3);
  });

  it('lets the next start try one step lower after a long time in which it held', () => {
    const ladder = openLadder(2);
    expect(ladder.nextStartStep(CLEAN_MS - 1)).toBe(2);
    expect(ladder.nextStartStep(CLEAN_MS)).toBe(1);
    expect(ladder.step).toBe(2);
    expect(openLadder(0).nextStartStep(CLEAN_MS)).toBe(0);
  });

  it('begins that time anew when a step did not hold', () => {
    const ladder = openLadder(0);
    ladder.handleUnderruns(2, 500_000);
    ladder.handleOpen(500_100);
    expect(ladder.nextStartStep(CLEAN_MS)).toBe(1);
    expect(ladder.nextStartStep(500_100 + CLEAN_MS)).toBe(0);
  });

  it('never goes down live, never leaves the ladder', () => {
    const report = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 20_000 }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(report), (steps, reports) => {
        const ladder = openLadder(0, steps);
        let nowMs = 0;
        for (const [count, pauseMs] of reports) {
          nowMs += pauseMs;
          const before = ladder.step;
          const changed = ladder.handleUnderruns(count, nowMs);
          if (ladder.step !== before + (changed ? 1 : 0) || ladder.step >= steps) return false;
          if (changed) ladder.handleOpen(nowMs);
          if (ladder.nextStartStep(nowMs) > ladder.step) return false;
        }
        return true;
      }),
    );
  });
});
