import { describe, expect, it } from 'vitest';
import { GapStatistics } from './gap-statistics.ts';

describe('GapStatistics', () => {
  it('finds the gap that 99 of 100 stay below, and the longest', () => {
    const gaps = new GapStatistics();
    let nowMs = 0;
    const wait = (gapMs: number): void => {
      nowMs += gapMs;
      gaps.mark(nowMs);
    };
    wait(0);
    for (let i = 0; i < 198; i++) wait(5);
    wait(7);
    wait(40);
    expect(gaps.p99Ms).toBe(5.25);
    expect(gaps.maxMs).toBe(40);
    wait(7);
    wait(7);
    expect(gaps.p99Ms).toBe(7.25);
  });

  it('counts no gap over an interruption, and one across a reset', () => {
    const gaps = new GapStatistics();
    gaps.mark(0);
    gaps.interrupt();
    gaps.mark(900);
    expect(gaps.maxMs).toBe(0);
    expect(gaps.p99Ms).toBe(0);
    gaps.reset();
    gaps.mark(910);
    expect(gaps.maxMs).toBe(10);
  });

  it('keeps gaps longer than its range', () => {
    const gaps = new GapStatistics();
    gaps.mark(0);
    gaps.mark(60_000);
    expect(gaps.maxMs).toBe(60_000);
    expect(gaps.p99Ms).toBe(500);
  });
});
