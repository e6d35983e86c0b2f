import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from 'react';
import { TalkHold } from './talk-hold.ts';

const isHoldKey = (event: KeyboardEvent): boolean => event.key === ' ' || event.key === 'Enter';

/** What a button needs to be held. */
export interface HoldHandlers {
  onPointerDown(event: PointerEvent<HTMLButtonElement>): void;
  onPointerUp(): void;
  onPointerCancel(): void;
  onLostPointerCapture(): void;
  onKeyDown(event: KeyboardEvent<HTMLButtonElement>): void;
  onKeyUp(event: KeyboardEvent<HTMLButtonElement>): void;
  onBlur(): void;
}

/**
 * A button that does something while it is held, by pointer or by Space or Enter.
 *
 * Whatever could swallow the release counts as one: a cancelled or lost pointer, a lost focus, a hidden window,
 * a button that goes away or may no longer be used.
 *
 * @param changed - hears every edge once
 * @param usable - while false the button is released and stays so
 */
export function useHold(
  changed: (down: boolean) => void,
  usable: boolean,
): { readonly down: boolean; readonly handlers: HoldHandlers } {
  const [down, setDown] = useState(false);
  const hold = useRef<TalkHold>(null);
  const hear = useRef(changed);
  hear.current = changed;

  useEffect(() => {
    const made = new TalkHold((isDown) => {
      setDown(isDown);
      hear.current(isDown);
    });
    hold.current = made;
    const releaseAll = (): void => made.releaseAll();
    const releaseWhenHidden = (): void => {
      if (document.visibilityState === 'hidden') made.releaseAll();
    };
    window.addEventListener('blur', releaseAll);
    window.addEventListener('pagehide', releaseAll);
    document.addEventListener('visibilitychange', releaseWhenHidden);
    return () => {
      made.releaseAll();
      window.removeEventListener('blur', releaseAll);
      window.removeEventListener('pagehide', releaseAll);
      document.removeEventListener('visibilitychange', releaseWhenHidden);
    };
  }, []);

  useEffect(() => {
    if (!usable) hold.current?.releaseAll();
  }, [usable]);

  const releasePointer = (): void => hold.current?.release('pointer');
  const handlers: HoldHandlers = {
    onPointerDown: (event) => {
      if (event.button !== 0 || !usable) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      hold.current?.press('pointer');
    },
    onPointerUp: releasePointer,
    onPointerCancel: releasePointer,
    onLostPointerCapture: releasePointer,
    onKeyDown: (event) => {
      if (!isHoldKey(event)) return;
      event.preventDefault();
      if (usable) hold.current?.press('key');
    },
    onKeyUp: (event) => {
      if (isHoldKey(event)) hold.current?.release('key');
    },
    onBlur: () => hold.current?.releaseAll(),
  };
  return { down, handlers };
}
