import { describe, expect, it } from 'vitest';
import { MAX_QUEUED_SAMPLES, ReleaseQueue } from './release-queue.ts';

const FRAME_SAMPLES = 960;

/** Brings bursts of frames of 20 ms at their times, and notes when each of them goes. */
function play(
  bursts: readonly { readonly atMs: number; readonly frames: number; readonly skipped?: number }[],
): number[] {
  const queue = new ReleaseQueue<number>();
  const gone: number[] = [];
  const note = (nowMs: number) => (): void => {
    gone.push(nowMs);
  };
  const runUntil = (untilMs: number): void => {
    for (let at = queue.nextDeadlineMs(); at <= untilMs; at = queue.nextDeadlineMs())
      queue.handleTime(at, note(at));
  };
  for (const { atMs, frames, skipped = 0 } of bursts) {
    runUntil(atMs);
    for (let i = 0; i < frames; i += 1) {
      const sound = {
        samples: FRAME_SAMPLES,
        skippedSamples: i === 0 ? skipped : 0,
        burstSamples: frames * FRAME_SAMPLES,
      };
      queue.push(i, sound, 10, atMs);
    }
    queue.handleTime(atMs, note(atMs));
  }
  runUntil(Number.MAX_SAFE_INTEGER);
  expect(queue.length).toBe(0);
  expect(queue.queuedSamples).toBe(0);
  return gone;
}

describe('ReleaseQueue', () => {
  it('lets a source that speaks as it goes be heard at once, in spite of jitter', () => {
    const bursts = Array.from({ length: 100 }, (_, at) => ({ atMs: at * 20 + (at % 7) * 15, frames: 1 }));
    expect(play(bursts)).toEqual(bursts.map(({ atMs }) => atMs));
    const pages = Array.from({ length: 50 }, (_, at) => ({ atMs: at * 100, frames: 5 }));
    expect(play(pages)).toEqual(pages.flatMap(({ atMs }) => [atMs, atMs, atMs, atMs, atMs]));
  });

  it('spreads a page of a second over a second, the first of it at once', () => {
    const gone = play([0, 1000, 2000].map((atMs) => ({ atMs, frames: 50 })));
    const gaps = gone.slice(1).map((at, i) => at - (gone[i] ?? 0));
    expect(gone[0]).toBe(0);
    expect(gone[50]).toBe(1000);
    for (const gap of gaps) {
      expect(gap).toBeGreaterThan(19.9);
      expect(gap).toBeLessThan(24);
    }
  });

  it('waits for pages that are late, and is behind no longer than they were', () => {
    const gone = play([0, 1300, 2000, 3000, 4000].map((atMs) => ({ atMs, frames: 50 })));
    expect(gone[50]).toBe(1300);
    // What had to wait is caught up by 1 in 256.
    expect(gone[100]).toBeCloseTo(2300 - 1000 / 256, 0);
    expect(gone[200]).toBeLessThan(4300);
  });

  it('plays what comes all at once at the pace of its sound, and no faster', () => {
    const frames = MAX_QUEUED_SAMPLES / FRAME_SAMPLES;
    const gone = play([{ atMs: 0, frames }]);
    expect(gone[0]).toBe(0);
    // Held up from the frame on that filled it.
    expect(gone.at(-1)).toBeCloseTo((frames - 1) * 20, 0);
  });

  it('hears a source sooner again that began with a burst, and one whose clock runs fast no later', () => {
    const minute = 3_000;
    const bursts = Array.from({ length: 20 * minute }, (_, at) => ({ atMs: at * 20, frames: 1 }));
    const burst = play([{ atMs: 0, frames: MAX_QUEUED_SAMPLES / FRAME_SAMPLES }, ...bursts]);
    const waited = (at: number): number => (burst[at + 100] ?? 0) - (bursts[at]?.atMs ?? 0);
    expect(waited(100)).toBeGreaterThan(1_700);
    expect(waited(20 * minute - 1)).toBe(0);
    const fast = Array.from({ length: 20 * minute }, (_, at) => ({
      atMs: at * 20 * (1 - 500e-6),
      frames: 1,
    }));
    expect(play(fast)).toEqual(fast.map(({ atMs }) => atMs));
  });

  it('leaves room for sound that was lost', () => {
    expect(
      play([
        { atMs: 0, frames: 50 },
        { atMs: 1000, frames: 50, skipped: 9_600 },
      ])[50],
    ).toBeCloseTo(1196, 0);
  });

  it('says when it is full, and when it is not any more', () => {
    const queue = new ReleaseQueue<number>();
    const sound = { samples: FRAME_SAMPLES, skippedSamples: 0, burstSamples: MAX_QUEUED_SAMPLES };
    for (let i = 0; i < 99; i += 1) queue.push(i, sound, 10, 0);
    expect(queue.isFull).toBe(false);
    queue.push(99, sound, 10, 0);
    expect(queue.isFull).toBe(true);
    queue.handleTime(0, () => undefined);
    expect(queue.isFull).toBe(false);
    queue.push(100, { ...sound, samples: 0 }, 2_000_000, 0);
    expect(queue.isFull).toBe(true);
    queue.clear();
    expect(queue.isFull).toBe(false);
    for (let i = 0; i < 4_096; i += 1) queue.push(i, { ...sound, samples: 0 }, 0, 0);
    expect(queue.isFull).toBe(true);
  });
});
