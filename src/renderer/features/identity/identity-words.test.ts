import { expect, test } from 'vitest';
import { MIN_PASSPHRASE_LENGTH, passphraseProblem } from './identity-words.ts';

test('a passphrase is long enough, counted in characters, and the same twice', () => {
  const least = 'x'.repeat(MIN_PASSPHRASE_LENGTH);
  expect(passphraseProblem(least.slice(1), least.slice(1))).toContain('at least 8');
  expect(passphraseProblem(least, least)).toBe('');
  expect(passphraseProblem(`${least}x`, `${least}x`)).toBe('');
  expect(passphraseProblem(least, `${least}x`)).toContain('not the same');
  expect(passphraseProblem('😀😀😀😀😀😀😀', '😀😀😀😀😀😀😀')).toContain('at least 8');
});
