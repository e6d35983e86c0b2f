import {
  type FormEvent,
  type ReactElement,
  type ReactNode,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import { FieldError } from './field.tsx';
import { Icon } from './icons.tsx';
import './dialog.css';

interface DialogProps {
  readonly title: string;
  readonly testId: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** Wider, for lists. */
  readonly wide?: boolean;
}

/** A modal dialog: the browser keeps the focus in it and gives it back; Escape closes it. */
export function Dialog({ title, testId, onClose, children, wide = false }: DialogProps): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const shown = dialog.current;
    const before = document.activeElement;
    shown?.showModal();
    return () => {
      shown?.close();
      // Closing gives the focus back only to what is still there and was focused when it opened.
      if (document.activeElement === document.body && before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className="dialog"
      data-wide={wide}
      data-testid={testId}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div className="dialog-head">
        <h2 id={id}>{title}</h2>
        <button
          type="button"
          className="button"
          data-kind="quiet"
          data-shape="square"
          data-testid="dialog-close"
          aria-label="Close"
          title="Close"
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </div>
      {children}
    </dialog>
  );
}

interface FormDialogProps extends DialogProps {
  readonly submitLabel: string;
  readonly danger?: boolean;
  /** Answers with what is wrong, or with an empty text: then the dialog closes. */
  readonly onSubmit: () => Promise<string>;
  /** What comes of it is shown by the one who asked: it does not close by itself. */
  readonly staysOpen?: boolean;
  /** Why it cannot be sent off as it stands; empty: it can. */
  readonly blocked?: string;
}

/** A dialog with a question to answer: sends it off, shows what is wrong, closes when all is well. */
export function FormDialog(props: FormDialogProps): ReactElement {
  const { submitLabel, danger = false, onSubmit, blocked = '', staysOpen, children, ...dialog } = props;
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const gone = useRef(false);
  useEffect(() => {
    gone.current = false;
    return () => {
      gone.current = true;
    };
  }, []);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    if (blocked !== '') {
      setError(blocked);
      return;
    }
    setBusy(true);
    setError('');
    const sentence = await onSubmit();
    if (gone.current) return;
    setBusy(false);
    setError(sentence);
    if (sentence === '' && staysOpen !== true) dialog.onClose();
  };
  return (
    <Dialog {...dialog}>
      <form className="dialog-form" noValidate onSubmit={(event) => void submit(event)}>
        <div className="dialog-body scrolls">{children}</div>
        <FieldError sentence={error} testId="dialog-error" />
        <div className="dialog-actions">
          <button type="button" className="button" data-testid="dialog-cancel" onClick={dialog.onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className="button"
            data-kind={danger ? 'danger' : 'primary'}
            data-testid="dialog-submit"
            aria-disabled={busy}
          >
            {submitLabel}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
