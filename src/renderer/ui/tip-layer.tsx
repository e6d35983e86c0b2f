import { type ReactElement, useEffect, useRef } from 'react';

/** Room kept between a tooltip and the edges of the window, in CSS pixels. */
const MARGIN = 8;

function tipOf(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>('[data-tip]') : null;
}

function place(box: HTMLElement, anchor: DOMRect): void {
  const { width, height } = box.getBoundingClientRect();
  const left = Math.min(anchor.left + anchor.width / 2 - width / 2, window.innerWidth - width - MARGIN);
  const below = anchor.bottom + MARGIN;
  const top = below + height > window.innerHeight - MARGIN ? anchor.top - height - MARGIN : below;
  box.style.left = `${Math.max(MARGIN, left)}px`;
  box.style.top = `${Math.max(MARGIN, top)}px`;
}

/**
 * The one tooltip: shows `data-tip` of what the pointer or the keyboard's focus is on, above everything, dialogs too.
 *
 * For the eyes only: whoever carries a tip carries it as its accessible description as well.
 */
export function TipLayer(): ReactElement {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const hide = (): void => {
      if (box.current?.matches(':popover-open') === true) box.current.hidePopover();
    };
    const show = (target: EventTarget | null): void => {
      hide();
      const owner = tipOf(target);
      const text = owner?.dataset.tip ?? '';
      if (owner === null || box.current === null || text === '') return;
      box.current.textContent = text;
      box.current.showPopover();
      place(box.current, owner.getBoundingClientRect());
    };
    const over = (event: PointerEvent): void => show(event.target);
    const focus = (event: FocusEvent): void => {
      if (event.target instanceof Element && event.target.matches(':focus-visible')) show(event.target);
    };
    const key = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') hide();
    };
    const options = { capture: true, passive: true };
    document.addEventListener('pointerover', over, options);
    document.addEventListener('focusin', focus, options);
    document.addEventListener('focusout', hide, options);
    document.addEventListener('scroll', hide, options);
    document.addEventListener('keydown', key, options);
    return () => {
      document.removeEventListener('pointerover', over, options);
      document.removeEventListener('focusin', focus, options);
      document.removeEventListener('focusout', hide, options);
      document.removeEventListener('scroll', hide, options);
      document.removeEventListener('keydown', key, options);
    };
  }, []);
  return <div ref={box} className="tip" popover="manual" aria-hidden="true" />;
}
