import { expect, test } from 'vitest';
import { MAX_ACCOUNT_PASSWORD_LENGTH, MIN_ACCOUNT_PASSWORD_LENGTH } from '../../../contract/admin.ts';
import { nameProblem, passwordProblem } from './account-words.ts';

test('names are judged as the relay judges them', () => {
  for (const name of ['ada', 'Łukasz_1', 'a.b-c']) expect(nameProblem(name)).toBe('');
  for (const name of ['', 'a b', '<b>', 'x'.repeat(33)]) expect(nameProblem(name)).not.toBe('');
});

test('passwords are judged at their limits, and must be typed twice', () => {
  const shortest = 'x'.repeat(MIN_ACCOUNT_PASSWORD_LENGTH);
  const longest = 'x'.repeat(MAX_ACCOUNT_PASSWORD_LENGTH);
  expect(passwordProblem(shortest, shortest)).toBe('');
  expect(passwordProblem(longest, longest)).toBe('');
  expect(passwordProblem(shortest.slice(1), shortest.slice(1))).toContain('at least');
  expect(passwordProblem(`${longest}x`, `${longest}x`)).toContain('at most');
  expect(passwordProblem(shortest, longest)).toContain('not the same');
});
