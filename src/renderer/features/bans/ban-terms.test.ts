import { expect, test } from 'vitest';
import { commandSchemas } from '../../../contract/ipc.ts';
import { banSeconds, banTerms, MAX_RANGE_LENGTH, rangeProblem, untilText } from './ban-terms.ts';

test('the terms are whole seconds, and one of them has no end', () => {
  expect(banTerms.map((term) => banSeconds(term.value))).toEqual([3_600, 86_400, 604_800, 2_592_000, null]);
});

test('an end is told by the calendar', () => {
  expect(untilText(null)).toBe('For good');
  expect(untilText(new Date(2031, 4, 17, 9, 5).getTime())).toMatch(/^Until 17 May 2031\D+09:05$/u);
});

test.each([
  ['203.0.113.7', true],
  [' 203.0.113.0/24 ', true],
  ['0.0.0.0/0', true],
  ['2001:db8::/32', true],
  ['::1', true],
  ['2001:db8::/128', true],
  ['203.0.113.256', false],
  ['203.0.113.0/33', false],
  ['2001:db8::/129', false],
  ['example.org', false],
  ['203.0.113', false],
  ['', false],
])('%j is a range: %s', (range, fine) => {
  expect(rangeProblem(range) === '').toBe(fine);
});

test('the longest range is what the contract takes', () => {
  const ban = { reason: '', seconds: null };
  const { payload } = commandSchemas.banRange;
  expect(payload.safeParse({ ...ban, range: 'x'.repeat(MAX_RANGE_LENGTH) }).success).toBe(true);
  expect(payload.safeParse({ ...ban, range: 'x'.repeat(MAX_RANGE_LENGTH + 1) }).success).toBe(false);
});
