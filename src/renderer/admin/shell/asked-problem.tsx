import type { ReactElement } from 'react';
import { Icon } from '../../ui/icons.tsx';
import type { Asked } from '../state/use-answer.ts';

/** Says that a list could not be had, and asks for it again. Nothing while all is well. */
export function AskedProblem({ asked }: { asked: Asked<unknown> }): ReactElement | null {
  if (asked.sentence === '') return null;
  return (
    <div className="asked-problem" role="alert" data-testid="asked-problem">
      <Icon name="warning" />
      <p>{asked.sentence}</p>
      <button type="button" className="button" data-size="small" onClick={() => void asked.ask()}>
        Try again
      </button>
    </div>
  );
}
