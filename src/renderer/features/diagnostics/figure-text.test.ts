import { expect, test } from 'vitest';
import {
  bitrateText,
  countText,
  levelText,
  microsecondsText,
  millisecondsText,
  shareText,
  soundText,
  tenthsText,
  UNKNOWN,
} from './figure-text.ts';

test('figures have one decimal where it is read, none where it is not', () => {
  expect(millisecondsText(24.27)).toBe('24.3 ms');
  expect(shareText(0)).toBe('0.0 %');
  expect(bitrateText(61.84)).toBe('61.8 kbit/s');
  expect(tenthsText(7)).toBe('7.0');
  expect(countText(12_345)).toBe('12,345');
});

test('short times go over to the longer unit where digits would be too many', () => {
  expect(microsecondsText(9_999)).toBe('9,999 µs');
  expect(microsecondsText(12_340)).toBe('12.3 ms');
  expect(soundText(8_640)).toBe('180 ms');
  expect(soundText(47_975)).toBe('999 ms');
  expect(soundText(47_999)).toBe('1.0 s');
  expect(soundText(48_000)).toBe('1.0 s');
});

test('levels have a real minus sign, and silence has no level', () => {
  expect(levelText(-31.6)).toBe('−32 dB');
  expect(levelText(-0.2)).toBe('0 dB');
  expect(levelText(-120)).toBe(UNKNOWN);
});

test('what is not known is not made up', () => {
  for (const text of [millisecondsText, microsecondsText, shareText, bitrateText, countText, soundText]) {
    expect(text(null)).toBe(UNKNOWN);
    expect(text(Number.NaN)).toBe(UNKNOWN);
  }
});
