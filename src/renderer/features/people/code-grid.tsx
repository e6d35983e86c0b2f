import type { ReactElement } from 'react';
import { codeGroups } from './member-notes.ts';

/** Digits of one group where a code comes without spaces. */
const GROUP_LENGTH = 5;

/** A code in groups, to be read aloud and compared. */
export function CodeGrid(props: { code: string; label: string; testId: string }): ReactElement {
  const groups = codeGroups(props.code, GROUP_LENGTH).map((group, place) => ({ group, place }));
  return (
    <figure className="code-figure" aria-label={props.label}>
      <div className="code" data-testid={props.testId}>
        {groups.map(({ group, place }) => (
          <span key={place}>{group} </span>
        ))}
      </div>
    </figure>
  );
}
