/** What the person chose; `system` follows the desktop. */
export type ThemeChoice = 'system' | 'light' | 'dark';

/** What is shown. */
export type Theme = 'light' | 'dark';

/** Reads a stored choice; anything unknown follows the desktop. */
export function readThemeChoice(stored: string | null): ThemeChoice {
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

/** What a choice comes to on a desktop that is dark or not. */
export function shownTheme(choice: ThemeChoice, systemDark: boolean): Theme {
  if (choice === 'system') return systemDark ? 'dark' : 'light';
  return choice;
}

/** The next choice of the toggle: first the opposite of the desktop, so that every first press is seen, then its like, then back. */
export function nextThemeChoice(choice: ThemeChoice, systemDark: boolean): ThemeChoice {
  const like: Theme = systemDark ? 'dark' : 'light';
  const opposite: Theme = systemDark ? 'light' : 'dark';
  if (choice === 'system') return opposite;
  return choice === opposite ? like : 'system';
}

/** The choice in words. */
export const themeChoiceLabels: Record<ThemeChoice, string> = {
  system: 'as the desktop',
  light: 'light',
  dark: 'dark',
};
