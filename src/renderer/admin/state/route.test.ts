import { expect, test } from 'vitest';
import { hashOf, screenOf, screens } from './route.ts';

test('every screen has an address of its own, which leads back to it', () => {
  for (const screen of screens) expect(screenOf(hashOf(screen))).toBe(screen);
  expect(new Set(screens.map(hashOf)).size).toBe(screens.length);
});

test('any other address leads to the first screen', () => {
  for (const hash of ['', '#', '#/', '#/elsewhere', '#setup=1']) expect(screenOf(hash)).toBe('room');
});
