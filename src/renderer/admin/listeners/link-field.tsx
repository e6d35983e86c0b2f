import { type ReactElement, useEffect, useId, useRef, useState } from 'react';
import { copyText } from '../../ui/copy-text.ts';
import { Icon } from '../../ui/icons.tsx';

/** How long a button says that it has copied, in ms. */
const COPIED_MS = 2_000;

interface LinkFieldProps {
  readonly label: string;
  readonly value: string;
  readonly testId: string;
  /** What the button copies, for whoever does not see beside what it stands: "the listener page of Lobby". */
  readonly what: string;
}

/** An address, or a key, to take along: whole when selected, and copied by one press. */
export function LinkField({ label, value, testId, what }: LinkFieldProps): ReactElement {
  const id = useId();
  const box = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const [told, setTold] = useState('');
  useEffect(() => {
    if (told === '') return;
    const timer = setTimeout(() => setTold(''), COPIED_MS);
    return () => clearTimeout(timer);
  }, [told]);
  const copy = async (): Promise<void> => {
    if (box.current === null) return;
    const copied = await copyText(box.current);
    // The box had to be selected; whoever goes on by keyboard goes on from the button.
    if (copied) button.current?.focus();
    setTold(copied ? 'Copied' : 'Press Ctrl+C');
  };
  return (
    <div className="field link-field">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      <div className="field-row">
        <input
          id={id}
          ref={box}
          className="input reading"
          readOnly
          value={value}
          data-testid={testId}
          onFocus={(event) => event.target.select()}
        />
        <button
          ref={button}
          type="button"
          className="button"
          data-size="small"
          data-testid={`copy-${testId}`}
          aria-label={`Copy ${what}`}
          onClick={() => void copy()}
        >
          <Icon name={told === 'Copied' ? 'check' : 'copy'} size={16} />
          <span className="link-action">{told === '' ? 'Copy' : told}</span>
        </button>
      </div>
      <p className="visually-hidden" role="status">
        {told === 'Copied' ? `Copied ${what}.` : told}
      </p>
    </div>
  );
}
