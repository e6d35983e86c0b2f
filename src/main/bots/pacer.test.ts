import { describe, expect, it } from 'vitest';
import { MAX_FRAMES_BEHIND, Pacer } from './pacer.ts';

const FRAME_MS = 20;

/** Runs a pacer with a clock that is looked at at these times. */
function run(
  speakers: number,
  looksMs: readonly number[],
): { frames: [number, number, number][]; pacer: Pacer } {
  const pacer = new Pacer({ speakers, frameMs: FRAME_MS, startMs: 1_000 });
  const frames: [number, number, number][] = [];
  for (const nowMs of looksMs)
    pacer.handleDeadline(nowMs, (speaker, lateMs) => frames.push([speaker, nowMs, lateMs]));
  return { frames, pacer };
}

describe('Pacer', () => {
  it('spreads the speakers over the frame', () => {
    const looks = Array.from({ length: 41 }, (_, at) => 1_000 + at);
    const { frames } = run(4, looks);
    expect(frames.map(([speaker, atMs]) => [speaker, atMs])).toEqual([
      [0, 1_000],
      [1, 1_005],
      [2, 1_010],
      [3, 1_015],
      [0, 1_020],
      [1, 1_025],
      [2, 1_030],
      [3, 1_035],
      [0, 1_040],
    ]);
    expect(frames.every(([, , lateMs]) => lateMs === 0)).toBe(true);
  });

  it('does nothing before a frame is due, and says when that is', () => {
    const { frames, pacer } = run(2, [999, 1_000, 1_009.9]);
    expect(frames).toHaveLength(1);
    expect(pacer.nextDeadlineMs()).toBe(1_010);
  });

  it('adds up no lateness: a thread that always comes late sends as many frames', () => {
    const looks = Array.from({ length: 100 }, (_, at) => 1_000 + at * FRAME_MS + 7.3);
    const { frames } = run(1, looks);
    expect(frames).toHaveLength(100);
    for (const [, , lateMs] of frames) expect(lateMs).toBeCloseTo(7.3, 6);
  });

  it('makes up for as many frames as it may, and leaves out those beyond', () => {
    const upToDate = run(2, [1_000, 1_000 + MAX_FRAMES_BEHIND * FRAME_MS]);
    expect(upToDate.pacer.framesLeftOut).toBe(0);
    expect(upToDate.frames).toHaveLength(2 * MAX_FRAMES_BEHIND + 1);

    const behind = run(2, [1_000, 1_000 + 50 * FRAME_MS]);
    expect(behind.frames.length).toBeLessThanOrEqual(2 * (MAX_FRAMES_BEHIND + 1) + 1);
    expect(behind.frames.length + behind.pacer.framesLeftOut).toBe(2 * 50 + 1);
    // Nobody's turn was skipped: the two still alternate.
    expect(behind.frames.map(([speaker]) => speaker)).toEqual(behind.frames.map((_, at) => at % 2));
  });
});
