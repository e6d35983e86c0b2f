import { type ReactElement, useEffect, useRef } from 'react';
import type { AppState } from '../../../contract/dto.ts';
import { perform, useProgram } from '../../state/program.ts';
import { Icon } from '../../ui/icons.tsx';
import { bindingText } from './own-state.ts';

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

/** The global push-to-talk key: which it is, another one, none. */
export function PushToTalkKey({ app }: { app: AppState }): ReactElement {
  const { api } = useProgram();
  const cancel = (): void => void perform(api.captureBinding({ capturing: false }));
  useQuietKeys(app.capturingBinding, cancel);
  const cancelButton = useRef<HTMLButtonElement>(null);
  const changeButton = useRef<HTMLButtonElement>(null);
  const wasCapturing = useRef(app.capturingBinding);
  useEffect(() => {
    // Each of the two buttons goes away as it is pressed: the focus goes on to the other.
    if (app.capturingBinding) cancelButton.current?.focus();
    else if (wasCapturing.current) changeButton.current?.focus();
    wasCapturing.current = app.capturingBinding;
  }, [app.capturingBinding]);
  return (
    <div className="talk-key">
      {app.capturingBinding ? (
        <>
          <p className="talk-key-ask" role="status">
            Press a key or mouse button…
          </p>
          <button
            ref={cancelButton}
            type="button"
            className="button"
            data-size="small"
            data-testid="binding-cancel"
            onClick={cancel}
          >
            Cancel
          </button>
        </>
      ) : (
        <>
          <span className="field-hint">Key</span>
          <kbd className="key" data-testid="binding-label" data-none={app.pushToTalk === null}>
            {bindingText(app.pushToTalk)}
          </kbd>
          <span className="talk-key-actions">
            {app.pushToTalk === null ? null : (
              <button
                type="button"
                className="button"
                data-kind="quiet"
                data-size="small"
                data-testid="binding-clear"
                onClick={() => void perform(api.clearBinding())}
              >
                Clear
              </button>
            )}
            <button
              ref={changeButton}
              type="button"
              className="button"
              data-size="small"
              data-testid="binding-change"
              onClick={() => void perform(api.captureBinding({ capturing: true }))}
            >
              Change
            </button>
          </span>
        </>
      )}
      {app.hotkeyProblem === '' ? null : (
        <p className="talk-key-problem" role="status" data-testid="hotkey-problem">
          <Icon name="warning" size={16} />
          <span>{app.hotkeyProblem}</span>
        </p>
      )}
    </div>
  );
}
