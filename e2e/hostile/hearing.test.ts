import { describe, expect, it } from 'vitest';
import { Hearing } from './hearing.ts';

describe('Hearing', () => {
  it('counts each number once within its range, and what came twice', () => {
    const hearing = new Hearing();
    hearing.begin(0);
    for (const number of [4, 5, 6, 6, 9]) hearing.add(1, number, 20);
    hearing.add(2, 5, 20);
    expect(hearing.countBetween(1, 5, 9)).toBe(2);
    expect(hearing.countBetween(3, 0, 9)).toBe(0);
    expect(hearing.twice).toBe(1);
    hearing.begin(30);
    expect(hearing.countBetween(1, 0, 99)).toBe(0);
    expect(hearing.twice).toBe(0);
  });

  it('measures the longest silence, that at either end included', () => {
    const hearing = new Hearing();
    hearing.begin(100);
    hearing.add(1, 1, 130);
    hearing.add(1, 2, 150);
    expect(hearing.longestGapMs(1, 160)).toBe(30);
    expect(hearing.longestGapMs(1, 250)).toBe(100);
    expect(hearing.longestGapMs(2, 250)).toBe(150);
  });

  it('keeps strangers apart, and notes what nobody made', () => {
    const hearing = new Hearing();
    hearing.begin(0);
    hearing.addOther(7, 1);
    hearing.addOther(7, 1);
    hearing.addOther(7, 2);
    hearing.addOther(8, null);
    expect([...(hearing.others.get(7) ?? [])]).toEqual([1, 2]);
    expect(hearing.twice).toBe(1);
    expect(hearing.altered).toBe(1);
  });
});
