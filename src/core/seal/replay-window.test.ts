import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_SEQUENCE } from '../wire/datagram.ts';
import { REPLAY_WINDOW, ReplayWindow } from './replay-window.ts';

/** What the window must do, written the slow way: it keeps every number it ever took. */
function createModel() {
  const accepted = new Set<number>();
  let highest = -1;
  return {
    isFresh: (sequence: number) => sequence > highest - REPLAY_WINDOW && !accepted.has(sequence),
    commit(sequence: number): void {
      accepted.add(sequence);
      highest = Math.max(highest, sequence);
    },
  };
}

describe('ReplayWindow', () => {
  it('agrees with a list of everything, wherever the numbers lie', () => {
    const starts = fc.constantFrom(0, 2 ** 32 - 700, 2 ** 52 - 3, MAX_SEQUENCE - 12_000);
    const near = fc.integer({ min: -40, max: 40 });
    const far = fc.integer({ min: -2 * REPLAY_WINDOW, max: 2 * REPLAY_WINDOW });
    const edge = fc.constantFrom(
      -REPLAY_WINDOW - 1,
      -REPLAY_WINDOW,
      1 - REPLAY_WINDOW,
      REPLAY_WINDOW - 1,
      REPLAY_WINDOW,
    );
    const steps = fc.array(fc.oneof(near, near, edge, far), { maxLength: 200 });
    fc.assert(
      fc.property(starts, steps, (start, stepList) => {
        const window = new ReplayWindow();
        const model = createModel();
        let at = start;
        for (const step of stepList) {
          const sequence = at + step;
          if (sequence < 0 || sequence > MAX_SEQUENCE) continue;
          const fresh = model.isFresh(sequence);
          expect(window.isFresh(sequence)).toBe(fresh);
          if (!fresh) continue;
          window.commit(sequence);
          model.commit(sequence);
          at = Math.max(at, sequence);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('remembers REPLAY_WINDOW numbers, the highest included', () => {
    const window = new ReplayWindow();
    window.commit(10_000);
    expect([0, 1, -1].map((more) => window.isFresh(10_000 - REPLAY_WINDOW + more))).toEqual([
      false,
      true,
      false,
    ]);
    expect(window.isFresh(10_000)).toBe(false);
    expect(window.isFresh(10_001)).toBe(true);
  });

  it('takes the very first and the very last number, once', () => {
    const window = new ReplayWindow();
    window.commit(0);
    expect(window.isFresh(0)).toBe(false);
    window.commit(MAX_SEQUENCE);
    expect(window.isFresh(MAX_SEQUENCE)).toBe(false);
    expect(window.isFresh(MAX_SEQUENCE - 1)).toBe(true);
    expect(window.isFresh(0)).toBe(false);
  });

  it('refuses to note a number twice: that would be a defect of the caller', () => {
    const window = new ReplayWindow();
    window.commit(5);
    expect(() => window.commit(5)).toThrow('twice');
    expect(() => window.commit(-1)).toThrow('number of a datagram');
  });
});
