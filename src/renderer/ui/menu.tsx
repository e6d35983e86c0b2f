import { type KeyboardEvent, type ReactElement, type ReactNode, useLayoutEffect, useRef } from 'react';
import { Icon, type IconName } from './icons.tsx';
import './menu.css';

/** Room kept between a menu and the edges of the window, in CSS pixels. */
const MARGIN = 8;

interface MenuProps {
  readonly label: string;
  /** Where it opens, in CSS pixels of the window; it stays inside of the window. */
  readonly place: { readonly x: number; readonly y: number };
  readonly testId: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Moves the focus among what can be pressed. */
function step(menu: HTMLElement, by: 1 | -1): void {
  const stops = [...menu.querySelectorAll<HTMLElement>('button, input')];
  const at = stops.indexOf(document.activeElement as HTMLElement);
  stops[(at + by + stops.length) % stops.length]?.focus();
}

/**
 * A menu that floats above everything; Escape, Tab out of it and a press beside it close it.
 *
 * Not an ARIA menu: it holds a slider and buttons that are held down. Up and Down move as in one.
 */
export function Menu({ label, place, testId, onClose, children }: MenuProps): ReactElement {
  const box = useRef<HTMLDivElement>(null);
  const { x, y } = place;
  useLayoutEffect(() => {
    const shown = box.current;
    const opener = document.activeElement;
    if (shown === null) return;
    shown.showPopover();
    const { width, height } = shown.getBoundingClientRect();
    shown.style.left = `${Math.max(MARGIN, Math.min(x, window.innerWidth - width - MARGIN))}px`;
    shown.style.top = `${Math.max(MARGIN, Math.min(y, window.innerHeight - height - MARGIN))}px`;
    shown.querySelector<HTMLElement>('button')?.focus({ preventScroll: true });
    return () => {
      // A dialog that the menu led to has the focus already, and is to give it back to the opener.
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
    };
  }, [x, y]);
  const press = (event: KeyboardEvent<HTMLDivElement>): void => {
    const slider = event.target instanceof HTMLInputElement;
    if (event.key === 'Tab') {
      event.preventDefault();
      step(event.currentTarget, event.shiftKey ? -1 : 1);
    } else if (!slider && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      step(event.currentTarget, event.key === 'ArrowDown' ? 1 : -1);
    }
  };
  return (
    <div
      ref={box}
      className="menu scrolls"
      popover="auto"
      role="dialog"
      aria-label={label}
      data-testid={testId}
      onKeyDown={press}
      onToggle={(event) => {
        if (event.newState === 'closed') onClose();
      }}
    >
      {children}
    </div>
  );
}

interface MenuItemProps {
  readonly icon: IconName;
  readonly label: string;
  readonly testId: string;
  /** Why it may not be chosen; empty: it may. */
  readonly rule?: string;
  readonly danger?: boolean;
  readonly onChoose: () => void;
}

/** One entry; where a rule says no, the rule stands under it for everybody to read. */
export function MenuItem(props: MenuItemProps): ReactElement {
  const rule = props.rule ?? '';
  return (
    <button
      type="button"
      className="menu-item"
      data-danger={props.danger === true && rule === ''}
      data-testid={props.testId}
      aria-disabled={rule !== ''}
      onClick={() => {
        if (rule === '') props.onChoose();
      }}
    >
      <Icon name={props.icon} size={16} />
      <span className="menu-item-text">
        {props.label}
        {rule === '' ? null : <span className="menu-item-rule">{rule}</span>}
      </span>
    </button>
  );
}
