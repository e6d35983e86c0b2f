import { expect, test } from 'vitest';
import { readFragment } from './fragment.ts';

test.each([
  ['#setup=AB-12', { kind: 'setup', code: 'AB-12' }],
  ['setup=AB-12', { kind: 'setup', code: 'AB-12' }],
  ['#login=once', { kind: 'redeem', code: 'once' }],
  ['#redeem=once', { kind: 'redeem', code: 'once' }],
  ['#setup=a%20b', { kind: 'setup', code: 'a b' }],
])('%s is read', (hash, fragment) => {
  expect(readFragment(hash)).toEqual(fragment);
});

test.each(['', '#', '#/room', '#setup=', '#setup=%20', '#login=%', '#other=1', `#setup=${'x'.repeat(65)}`])(
  '"%s" carries no code',
  (hash) => {
    expect(readFragment(hash)).toEqual({ kind: 'none' });
  },
);

test('the longest code is taken', () => {
  expect(readFragment(`#setup=${'x'.repeat(64)}`).kind).toBe('setup');
});
