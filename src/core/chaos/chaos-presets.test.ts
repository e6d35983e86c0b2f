import { describe, expect, it } from 'vitest';
import { chaosPresets } from './chaos-presets.ts';
import {
  CHAOS_LIMITS,
  CHAOS_OFF,
  type ChaosFigure,
  type ChaosSettings,
  isOff,
  isWithinLimits,
} from './chaos-settings.ts';

const figures = Object.keys(CHAOS_LIMITS) as ChaosFigure[];

describe('isOff', () => {
  it('is true for the start of a program, and whatever the length of no bursts and the shape of no jitter', () => {
    expect(isOff(CHAOS_OFF)).toBe(true);
    expect(isOff({ ...CHAOS_OFF, burstLength: 9, jitterDistribution: 'pareto' })).toBe(true);
  });

  it.each(figures.filter((name) => name !== 'burstLength'))('is false with any %s', (name) => {
    expect(isOff({ ...CHAOS_OFF, [name]: 0.1 })).toBe(false);
  });
});

describe('isWithinLimits', () => {
  it.each(figures)('takes %s up to its limits and not beyond', (name) => {
    const { min, max } = CHAOS_LIMITS[name];
    const takes = (value: number): boolean => isWithinLimits({ ...CHAOS_OFF, [name]: value });
    expect([takes(min), takes(max)]).toEqual([true, true]);
    expect([takes(min - 1), takes(max + 1), takes(Number.NaN)]).toEqual([false, false, false]);
  });

  it('refuses a distribution that it does not know', () => {
    expect(isWithinLimits({ ...CHAOS_OFF, jitterDistribution: 'flat' } as unknown as ChaosSettings)).toBe(
      false,
    );
  });
});

describe('chaosPresets', () => {
  it('have each name and label once', () => {
    expect(new Set(chaosPresets.map((preset) => preset.name)).size).toBe(chaosPresets.length);
    expect(new Set(chaosPresets.map((preset) => preset.label)).size).toBe(chaosPresets.length);
  });

  it.each(chaosPresets)('$name does something, within the limits', ({ settings }) => {
    expect(isOff(settings)).toBe(false);
    expect(isWithinLimits(settings)).toBe(true);
  });
});
