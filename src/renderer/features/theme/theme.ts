import { readThemeChoice, shownTheme, type ThemeChoice } from './theme-choice.ts';

const STORAGE_KEY = 'sidetone.theme';

/** Whether the desktop asks for dark. */
export function desktopIsDark(): boolean {
  return window.matchMedia('(prefers-color-scheme: dark)').matches;
}

/** The choice of the last time; storage that cannot be read counts as none. */
export function storedThemeChoice(): ThemeChoice {
  try {
    return readThemeChoice(localStorage.getItem(STORAGE_KEY));
  } catch {
    return 'system';
  }
}

/** Keeps a choice for the next time, where storage allows. */
export function storeThemeChoice(choice: ThemeChoice): void {
  try {
    if (choice === 'system') localStorage.removeItem(STORAGE_KEY);
    else localStorage.setItem(STORAGE_KEY, choice);
  } catch {
    // Storage can be switched off; the choice then lasts as long as the window.
  }
}

/** Shows a choice: the style sheet follows the desktop unless the page says otherwise. */
export function applyTheme(choice: ThemeChoice): void {
  if (choice === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = shownTheme(choice, desktopIsDark());
}
