import type { ReactElement } from 'react';
import type { Testing } from '../../../contract/testing.ts';
import { perform, useProgram } from '../../state/program.ts';
import { Icon } from '../../ui/icons.tsx';
import { RuledButton } from '../../ui/ruled-button.tsx';
import { showDiagnostics } from '../diagnostics/diagnostics-store.ts';
import { ChaosSection } from './chaos-section.tsx';
import { CHAOS_OFF } from './chaos-words.ts';
import { TapsSection } from './taps-section.tsx';
import { anythingOn, testingMarks } from './testing-words.ts';
import { TraceSection } from './trace-section.tsx';
import './testing.css';

/** The tab "Testing & Debugging": spoils, records and measures, for whoever looks for the reason of something. */
export function TestingPanel({ testing }: { testing: Testing }): ReactElement {
  return (
    <>
      <div className="testing-head" data-on={testingMarks(testing).length > 0}>
        <p>Everything here is off again the next time Sidetone starts.</p>
        <AllOff testing={testing} />
      </div>
      <section className="testing-section" aria-labelledby="testing-figures">
        <h3 id="testing-figures" className="engraved">
          Figures
        </h3>
        <div className="settings-actions">
          <button
            type="button"
            className="button"
            data-size="small"
            data-testid="show-diagnostics"
            onClick={() => showDiagnostics(true)}
          >
            <Icon name="gauge" size={16} />
            Diagnostics
          </button>
          <span className="field-suffix">
            or press <kbd className="key">F3</kbd> anywhere
          </span>
        </div>
      </section>
      <ChaosSection testing={testing} />
      <TraceSection trace={testing.trace} />
      <TapsSection taps={testing.taps} />
    </>
  );
}

function AllOff({ testing }: { testing: Testing }): ReactElement {
  const { api } = useProgram();
  const { trace, taps } = testing;
  const end = (): void => {
    void perform(api.setChaos({ settings: CHAOS_OFF, seed: null }));
    if (trace.phase === 'replaying') void perform(api.replayTrace({ text: null }));
    if (trace.phase === 'recording') void perform(api.stopTrace());
    if (taps.recording) void perform(api.setTaps({ on: false }));
  };
  return (
    <RuledButton
      data-size="small"
      data-testid="testing-off"
      rule={anythingOn(testing) ? '' : 'Everything is off.'}
      onClick={end}
    >
      All off
    </RuledButton>
  );
}
