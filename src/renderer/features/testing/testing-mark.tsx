import type { ReactElement } from 'react';
import type { Testing } from '../../../contract/testing.ts';
import { showSettings } from '../../state/window-store.ts';
import { Icon } from '../../ui/icons.tsx';
import { testingMarks } from './testing-words.ts';
import './testing.css';

/** Warns in the main window while chaos, a replay or taps are on; one press leads to where they are switched off. */
export function TestingMark({ testing }: { testing: Testing }): ReactElement {
  const marks = testingMarks(testing);
  return (
    // The region stays, so that it is announced when it fills.
    <div className="testing-mark-place" role="status">
      {marks.length === 0 ? null : (
        <button
          type="button"
          className="testing-mark"
          data-testid="testing-mark"
          onClick={() => showSettings(true, 'testing')}
        >
          <Icon name="warning" size={16} />
          <span>Testing: {marks.join(', ')}</span>
          <span className="testing-mark-way">Change</span>
        </button>
      )}
    </div>
  );
}
