import type { ButtonHTMLAttributes, ReactElement } from 'react';

type RuledButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'disabled' | 'title'> & {
  /** Why it may not be pressed; empty: it may. */
  readonly rule: string;
  /** What it does, where it shows only an icon. */
  readonly hint?: string;
};

/**
 * A button that says why it cannot be pressed.
 *
 * It stays in the order of the keyboard, so that everybody comes by the sentence: as a tooltip under the pointer or
 * the focus, as the description for a screen reader.
 */
export function RuledButton({ rule, hint, onClick, ...rest }: RuledButtonProps): ReactElement {
  const tip = rule === '' ? hint : rule;
  return (
    <button
      type="button"
      className="button"
      {...rest}
      aria-disabled={rule !== ''}
      {...(tip === undefined ? {} : { 'data-tip': tip })}
      {...(rule === '' ? {} : { 'aria-description': rule })}
      onClick={(event) => {
        if (rule === '') onClick?.(event);
        else event.preventDefault();
      }}
    />
  );
}
