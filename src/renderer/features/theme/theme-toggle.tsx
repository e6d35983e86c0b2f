import { type ReactElement, useState } from 'react';
import { Icon, type IconName } from '../../ui/icons.tsx';
import { applyTheme, desktopIsDark, storedThemeChoice, storeThemeChoice } from './theme.ts';
import { nextThemeChoice, type ThemeChoice, themeChoiceLabels } from './theme-choice.ts';

const icons: Record<ThemeChoice, IconName> = { system: 'halfMoon', light: 'sun', dark: 'moon' };

/** Goes through the looks: opposite of the desktop, like it, with it. */
export function ThemeToggle(): ReactElement {
  const [choice, setChoice] = useState(storedThemeChoice);
  const next = (): void => {
    const after = nextThemeChoice(choice, desktopIsDark());
    setChoice(after);
    storeThemeChoice(after);
    applyTheme(after);
  };
  const label = `Appearance: ${themeChoiceLabels[choice]}`;
  return (
    <button
      type="button"
      className="button"
      data-kind="quiet"
      data-shape="square"
      data-testid="theme-toggle"
      data-choice={choice}
      aria-label={label}
      title={label}
      onClick={next}
    >
      <Icon name={icons[choice]} />
    </button>
  );
}
