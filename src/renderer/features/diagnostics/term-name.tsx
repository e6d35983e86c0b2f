import type { KeyboardEvent, ReactElement } from 'react';
import { type Term, termTip } from './figure-terms.ts';

interface TermNameProps {
  readonly term: Pick<Term<never>, 'label' | 'field' | 'meaning'>;
  /** The one of its group that Tab comes to; arrows reach the others. */
  readonly first: boolean;
}

/** The name of a figure; the pointer, a finger or the focus on it brings its meaning. */
export function TermName({ term, first }: TermNameProps): ReactElement {
  const tip = termTip(term);
  return (
    <button type="button" className="term" data-tip={tip} aria-description={tip} tabIndex={first ? 0 : -1}>
      {term.label}
    </button>
  );
}

const steps: Readonly<Record<string, 1 | -1>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** Arrows go from name to name within a group, which is one stop of Tab. */
export function roveTerms(event: KeyboardEvent<HTMLElement>): void {
  const step = steps[event.key];
  const from = event.target;
  if (step === undefined || !(from instanceof HTMLElement) || !from.classList.contains('term')) return;
  const terms = [...event.currentTarget.querySelectorAll<HTMLElement>('.term')];
  const to = terms[terms.indexOf(from) + step];
  event.preventDefault();
  if (to === undefined) return;
  from.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}
