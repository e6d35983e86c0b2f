import { describe, expect, test } from 'vitest';
import { chaosSettingsSchema } from '../../../contract/testing.ts';
import { someChaos, somePresets } from '../../dev/some-testing.ts';
import {
  bandStop,
  bandStopsKbps,
  bandText,
  CHAOS_OFF,
  chaosChanges,
  chaosSliders,
  distributionChoices,
  NO_CHAOS,
  OWN_MIXTURE,
  packetsText,
  percentText,
  presetChoice,
  readSeed,
} from './chaos-words.ts';

describe('sliders', () => {
  test('every figure has one', () => {
    const shown = new Set<string>(chaosSliders.map((slider) => slider.figure));
    shown.add('jitterDistribution').add('bandwidthKbps');
    expect([...shown].sort()).toEqual(Object.keys(CHAOS_OFF).sort());
  });

  test('every distribution of the contract can be chosen', () => {
    const all = chaosSettingsSchema.shape.jitterDistribution.options;
    expect(distributionChoices.map((choice) => choice.value)).toEqual(all);
  });

  test('figures read as people write them', () => {
    expect(percentText(0.5)).toBe('0.5 %');
    expect(packetsText(1)).toBe('1 packet');
    expect(packetsText(25)).toBe('25 packets');
  });
});

describe('the band', () => {
  test('goes from no cap to the narrowest, and every stop is one the contract takes', () => {
    expect(bandStopsKbps[0]).toBe(0);
    const caps = bandStopsKbps.slice(1);
    expect(caps).toEqual([...caps].sort((a, b) => b - a));
    for (const bandwidthKbps of bandStopsKbps)
      expect(chaosSettingsSchema.safeParse({ ...CHAOS_OFF, bandwidthKbps }).success).toBe(true);
  });

  test('a band between two stops stands at the nearer one', () => {
    bandStopsKbps.forEach((kbps, stop) => {
      expect(bandStop(kbps)).toBe(stop);
    });
    expect(bandStopsKbps[bandStop(300)]).toBe(256);
    expect(bandStopsKbps[bandStop(1)]).toBe(8);
  });

  test('is told in the unit that fits', () => {
    expect(bandText(0)).toBe('No cap');
    expect(bandText(256)).toBe('256 kbit/s');
    expect(bandText(5_000)).toBe('5 Mbit/s');
  });
});

describe('presets', () => {
  test('settings are recognised as the preset they are, as none, or as a mixture', () => {
    for (const preset of somePresets) expect(presetChoice(preset.settings, somePresets)).toBe(preset.name);
    expect(presetChoice(someChaos({ burstLength: 12 }), somePresets)).toBe(NO_CHAOS);
    expect(presetChoice(someChaos({ lossPercent: 0.5 }), somePresets)).toBe(OWN_MIXTURE);
  });

  test('what has no effect alone is no chaos', () => {
    expect(chaosChanges(someChaos({ burstLength: 5, jitterDistribution: 'pareto' }))).toBe(false);
    expect(chaosChanges(someChaos({ duplicatePercent: 0.5 }))).toBe(true);
  });
});

test('a seed is a whole number of 32 bits', () => {
  expect(readSeed(' 42 ')).toBe(42);
  expect(readSeed('4294967295')).toBe(0xffff_ffff);
  expect(readSeed('4294967296')).toBeNull();
  for (const text of ['', '-1', '1.5', '0x10', 'seed', '99999999999']) expect(readSeed(text)).toBeNull();
});
