import { type FormEvent, type ReactElement, type ReactNode, useEffect, useRef, useState } from 'react';
import { ThemeToggle } from '../../features/theme/theme-toggle.tsx';
import { FieldError } from '../../ui/field.tsx';
import { Logo } from '../../ui/icons.tsx';

interface GateProps {
  readonly title: string;
  readonly children: ReactNode;
}

/** What stands before the dashboard: one card in the middle. */
export function Gate({ title, children }: GateProps): ReactElement {
  useEffect(() => {
    document.title = `${title} · Sidetone administration`;
  }, [title]);
  return (
    <div className="gate scrolls">
      <header className="gate-head">
        <Logo />
        <span className="wordmark">Sidetone</span>
        <span className="gate-what">administration</span>
        <ThemeToggle />
      </header>
      <main className="gate-card panel">
        <h1>{title}</h1>
        {children}
      </main>
    </div>
  );
}

interface GateFormProps {
  readonly submitLabel: string;
  readonly busyLabel: string;
  /** Answers with what is wrong, or with an empty text. */
  readonly onSubmit: () => Promise<string>;
  readonly children: ReactNode;
}

/** Asks, sends off, and says what is wrong; the first empty box has the focus. */
export function GateForm({ submitLabel, busyLabel, onSubmit, children }: GateFormProps): ReactElement {
  const form = useRef<HTMLFormElement>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  useEffect(() => {
    const boxes = [...(form.current?.querySelectorAll('input') ?? [])];
    (boxes.find((box) => box.value === '') ?? boxes[0])?.focus();
  }, []);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError('');
    setError(await onSubmit());
    setBusy(false);
  };
  return (
    <form ref={form} className="gate-form" noValidate onSubmit={(event) => void submit(event)}>
      {children}
      <FieldError sentence={error} testId="gate-error" />
      <button
        type="submit"
        className="button"
        data-kind="primary"
        data-testid="gate-submit"
        aria-disabled={busy}
      >
        {busy ? busyLabel : submitLabel}
      </button>
    </form>
  );
}
