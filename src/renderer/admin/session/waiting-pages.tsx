import type { ReactElement } from 'react';
import { Logo } from '../../ui/icons.tsx';
import { useDelayed } from '../../ui/use-delayed.ts';
import { useDashboard } from '../state/dashboard.ts';
import { Gate } from './gate.tsx';

/** An answer that comes sooner than this, in ms, is not worth a word. */
const GRACE_MS = 700;

/** Until the relay has answered for the first time. */
export function CheckingPage(): ReactElement {
  const slow = useDelayed(true, GRACE_MS);
  return (
    <main className="gate-wait" aria-busy="true">
      <Logo size={56} />
      <h1 className="visually-hidden">Sidetone administration</h1>
      <p role="status">{slow ? 'Asking the relay…' : ''}</p>
    </main>
  );
}

/** The relay did not answer at all. */
export function UnreachablePage({ sentence }: { sentence: string }): ReactElement {
  const { keeper } = useDashboard();
  return (
    <Gate title="The relay cannot be reached">
      <p role="alert">{sentence}</p>
      <button
        type="button"
        className="button"
        data-kind="primary"
        data-testid="gate-retry"
        onClick={() => void keeper.ask('', '')}
      >
        Try again
      </button>
    </Gate>
  );
}
