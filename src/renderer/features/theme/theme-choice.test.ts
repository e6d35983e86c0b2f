import { expect, test } from 'vitest';
import { nextThemeChoice, readThemeChoice, shownTheme } from './theme-choice.ts';

test('the first press always changes what is seen, and three presses come back', () => {
  for (const systemDark of [true, false]) {
    const first = nextThemeChoice('system', systemDark);
    expect(shownTheme(first, systemDark)).not.toBe(shownTheme('system', systemDark));
    const second = nextThemeChoice(first, systemDark);
    expect(shownTheme(second, systemDark)).not.toBe(shownTheme(first, systemDark));
    expect(nextThemeChoice(second, systemDark)).toBe('system');
  }
});

test('what storage holds is not trusted', () => {
  expect(readThemeChoice('light')).toBe('light');
  expect(readThemeChoice(null)).toBe('system');
  expect(readThemeChoice('<b>')).toBe('system');
});
