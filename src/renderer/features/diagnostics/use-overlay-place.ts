import { type PointerEvent, type RefObject, useLayoutEffect, useRef } from 'react';
import { firstPlace, keptInside, type Place, readPlace } from './overlay-place.ts';

const STORAGE_KEY = 'sidetone.diagnostics';

function storedPlace(): Place | null {
  try {
    return readPlace(localStorage.getItem(STORAGE_KEY));
  } catch {
    return null;
  }
}

function storePlace(place: Place): void {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(place));
  } catch {
    // Storage can be switched off; the place then lasts as long as the overlay.
  }
}

interface MovableOverlay {
  readonly box: RefObject<HTMLElement | null>;
  /** Moves it by so many CSS pixels and remembers that. */
  readonly moveBy: (right: number, down: number) => void;
  /** For what it is dragged by. */
  readonly drag: {
    readonly onPointerDown: (event: PointerEvent<HTMLElement>) => void;
    readonly onPointerMove: (event: PointerEvent<HTMLElement>) => void;
  };
}

/**
 * Keeps the overlay where it was put, and all of it inside of the window.
 *
 * The wanted place is remembered, not the one it was pushed to: it comes back when the window grows again.
 */
export function useOverlayPlace(): MovableOverlay {
  const box = useRef<HTMLElement>(null);
  const wanted = useRef<Place | null>(null);
  const grip = useRef<Place>({ left: 0, top: 0 });

  const shownAt = (): Place => {
    const element = box.current;
    if (element === null) return { left: 0, top: 0 };
    const size = { width: element.offsetWidth, height: element.offsetHeight };
    const frame = { width: window.innerWidth, height: window.innerHeight };
    return wanted.current === null ? firstPlace(size, frame) : keptInside(wanted.current, size, frame);
  };
  const show = (): void => {
    if (box.current === null) return;
    const { left, top } = shownAt();
    box.current.style.left = `${left}px`;
    box.current.style.top = `${top}px`;
  };
  const moveTo = (place: Place): void => {
    wanted.current = place;
    wanted.current = shownAt();
    storePlace(wanted.current);
    show();
  };
  const showNow = useRef(show);
  showNow.current = show;
  useLayoutEffect(() => {
    wanted.current = storedPlace();
    showNow.current();
    const again = (): void => showNow.current();
    const observer = new ResizeObserver(again);
    if (box.current !== null) observer.observe(box.current);
    window.addEventListener('resize', again);
    return () => {
      observer.disconnect();
      window.removeEventListener('resize', again);
    };
  }, []);
  return {
    box,
    moveBy: (right, down) => {
      const { left, top } = shownAt();
      moveTo({ left: left + right, top: top + down });
    },
    drag: {
      onPointerDown: (event) => {
        const pressed = event.target;
        if (event.button !== 0 || (pressed instanceof Element && pressed.closest('[data-stays]') !== null))
          return;
        const { left, top } = shownAt();
        grip.current = { left: event.clientX - left, top: event.clientY - top };
        event.currentTarget.setPointerCapture(event.pointerId);
      },
      onPointerMove: (event) => {
        if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
        moveTo({ left: event.clientX - grip.current.left, top: event.clientY - grip.current.top });
      },
    },
  };
}
