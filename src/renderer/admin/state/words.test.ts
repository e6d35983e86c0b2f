import { expect, test } from 'vitest';
import { bitsText, delayText, figureText, memoryText, percentText, shareText } from './words.ts';

/** As it is read: spaces that do not break are spaces. */
const read = (text: string): string => text.replaceAll('\u00a0', ' ');

test('figures have as many digits as they need', () => {
  expect(figureText(49_500)).toBe('49,500');
  expect(figureText(9.46)).toBe('9.5');
  expect(figureText(10.4)).toBe('10');
  expect(figureText(0)).toBe('0');
});

test('units follow, and small losses are not rounded to nothing', () => {
  expect(read(shareText(0.111))).toBe('11 %');
  expect(read(percentText(0.004))).toBe('0.004 %');
  expect(read(percentText(12.34))).toBe('12.3 %');
  expect(read(memoryText(118 * 2 ** 20))).toBe('118 MiB');
  expect(read(bitsText(38_016_000))).toBe('38 Mbit/s');
  expect(read(bitsText(538_000))).toBe('538 kbit/s');
  expect(read(delayText(0.414))).toBe('0.41 ms');
  expect(read(delayText(12.44))).toBe('12.4 ms');
});
