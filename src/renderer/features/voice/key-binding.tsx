import { type ReactElement, useEffect, useRef } from 'react';
import type { Binding } from '../../../contract/dto.ts';
import { bindingText } from './own-state.ts';
import './voice.css';

/**
 * Keeps the pressed key from doing anything in the window while the program listens for it, except Escape, which
 * ends the listening.
 */
function useQuietKeys(capturing: boolean, cancel: () => void): void {
  const cancelNow = useRef(cancel);
  cancelNow.current = cancel;
  useEffect(() => {
    if (!capturing) return;
    const quietKey = (event: KeyboardEvent): void => {
      event.preventDefault();
      event.stopPropagation();
      if (event.type === 'keydown' && event.key === 'Escape') cancelNow.current();
    };
    const options = { capture: true };
    window.addEventListener('keydown', quietKey, options);
    window.addEventListener('keyup', quietKey, options);
    return () => {
      window.removeEventListener('keydown', quietKey, options);
      window.removeEventListener('keyup', quietKey, options);
    };
  }, [capturing]);
}

interface KeyBindingProps {
  /** What the key is for, for a screen reader. */
  readonly purpose: string;
  readonly binding: Binding | null;
  /** The next key pressed becomes this one. */
  readonly capturing: boolean;
  readonly onCapture: (capturing: boolean) => void;
  readonly onClear: () => void;
  /** Begins the test ids of its parts. */
  readonly testId: string;
}

/** A global key: which it is, another one, none. */
export function KeyBinding(props: KeyBindingProps): ReactElement {
  const { purpose, binding, capturing, onCapture, onClear, testId } = props;
  const cancel = (): void => onCapture(false);
  useQuietKeys(capturing, cancel);
  const cancelButton = useRef<HTMLButtonElement>(null);
  const changeButton = useRef<HTMLButtonElement>(null);
  const wasCapturing = useRef(capturing);
  useEffect(() => {
    // Each of the two buttons goes away as it is pressed: the focus goes on to the other.
    if (capturing) cancelButton.current?.focus();
    else if (wasCapturing.current) changeButton.current?.focus();
    wasCapturing.current = capturing;
  }, [capturing]);
  if (capturing)
    return (
      <>
        <p className="talk-key-ask" role="status">
          Press a key or mouse button…
        </p>
        <button
          ref={cancelButton}
          type="button"
          className="button"
          data-size="small"
          data-testid={`${testId}-cancel`}
          onClick={cancel}
        >
          Cancel
        </button>
      </>
    );
  return (
    <>
      <span className="field-hint">Key</span>
      <kbd className="key" data-testid={`${testId}-label`} data-none={binding === null}>
        {bindingText(binding)}
      </kbd>
      <span className="talk-key-actions">
        {binding === null ? null : (
          <button
            type="button"
            className="button"
            data-kind="quiet"
            data-size="small"
            data-testid={`${testId}-clear`}
            aria-label={`Clear the key ${purpose}`}
            onClick={onClear}
          >
            Clear
          </button>
        )}
        <button
          ref={changeButton}
          type="button"
          className="button"
          data-size="small"
          data-testid={`${testId}-change`}
          aria-label={`Change the key ${purpose}`}
          onClick={() => onCapture(true)}
        >
          Change
        </button>
      </span>
    </>
  );
}
