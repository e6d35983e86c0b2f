import { useEffect } from 'react';
import { showDiagnostics, useDiagnosticsOpen } from './diagnostics-store.ts';

/** Something lies above the window and takes Escape for itself. */
function somethingAbove(): boolean {
  return document.querySelector('dialog[open], .menu:popover-open') !== null;
}

/**
 * F3 opens and closes the overlay, Escape closes it where nothing else is closed by it first.
 *
 * @param taken - F3 is a key to talk with: it must not open and close the overlay with every word
 */
export function useDiagnosticsKeys(taken: boolean): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented) return;
      const { open } = useDiagnosticsOpen.getState();
      if (event.key === 'F3' && !taken) {
        // A browser would open its search.
        event.preventDefault();
        if (!event.repeat) showDiagnostics(!open);
      } else if (event.key === 'Escape' && open && !somethingAbove()) {
        const from = event.target;
        const inSettings = from instanceof Element && from.closest('#settings') !== null;
        if (!inSettings) showDiagnostics(false);
      }
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [taken]);
}
