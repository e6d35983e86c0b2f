import { describe, expect, it } from 'vitest';
import { DelayDrain, DRAIN_SPACING_FRAMES, DRAIN_WINDOW_MS } from './delay-drain.ts';

const FRAME_MS = 20;
const WINDOW = DRAIN_WINDOW_MS / FRAME_MS;

/** Pulls `count` times at that depth. @returns at which pulls a frame more was taken */
function run(drain: DelayDrain, count: number, depth: (pull: number) => number): number[] {
  const taken: number[] = [];
  for (let pull = 0; pull < count; pull++) {
    if (drain.takesOne()) taken.push(pull);
    drain.observe(depth(pull));
  }
  return taken;
}

function started(): DelayDrain {
  const drain = new DelayDrain(FRAME_MS, 1);
  drain.reset();
  return drain;
}

describe('DelayDrain', () => {
  it('takes nothing at the target depth', () => {
    expect(run(started(), 5 * WINDOW, () => 1)).toEqual([]);
  });

  it('takes one frame after a window that was one too deep throughout, not a pull before', () => {
    expect(run(started(), WINDOW, () => 2)).toEqual([]);
    expect(run(started(), WINDOW + 1, () => 2)).toEqual([WINDOW]);
  });

  it('takes nothing when the depth was needed once in the window', () => {
    expect(run(started(), WINDOW + 50, (pull) => (pull === WINDOW - 1 ? 1 : 9))).toEqual([]);
  });

  it('takes several frames with a distance between them, then watches a whole window again', () => {
    const taken = run(started(), 3 * WINDOW, (pull) => (pull < WINDOW ? 4 : 2));
    const spaced = [0, 1, 2].map((index) => WINDOW + index * DRAIN_SPACING_FRAMES);
    expect(taken.slice(0, 3)).toEqual(spaced);
    expect(taken.length).toBe(4);
    expect(taken[3]).toBeGreaterThanOrEqual((spaced[2] ?? 0) + WINDOW);
  });

  it('stops taking once the network needs the delay after all', () => {
    expect(run(started(), WINDOW + 40, (pull) => (pull === WINDOW + 1 ? 0 : 5))).toEqual([WINDOW]);
  });

  it('forgets what it saw when a talkspurt starts', () => {
    const drain = started();
    run(drain, WINDOW, () => 9);
    drain.reset();
    expect(run(drain, WINDOW, () => 9)).toEqual([]);
  });
});
