import { type ChangeEvent, type ReactElement, useRef, useState } from 'react';
import type { Outcome } from '../../../contract/ipc.ts';
import type { Testing } from '../../../contract/testing.ts';
import { failureSentence, sentenceOf } from '../../state/outcome.ts';
import { useProgram } from '../../state/program.ts';
import { FieldError } from '../../ui/field.tsx';
import { saveText } from '../../ui/save-text.ts';
import { traceFileName, traceFileProblem, traceSentence } from './testing-words.ts';

/** Keeps what a network did, without any voice in it, and does the same again. */
export function TraceSection({ trace }: { trace: Testing['trace'] }): ReactElement {
  const { api } = useProgram();
  const [error, setError] = useState('');
  const fileBox = useRef<HTMLInputElement>(null);
  const run = async (command: Promise<Outcome>): Promise<void> => setError(await sentenceOf(command));
  const save = async (): Promise<void> => {
    try {
      const answer = await api.exportTrace();
      setError(answer.ok ? '' : answer.sentence);
      if (answer.ok) saveText(traceFileName(new Date()), answer.text);
    } catch (failure) {
      setError(failureSentence(failure));
    }
  };
  const replay = async (event: ChangeEvent<HTMLInputElement>): Promise<void> => {
    const box = event.target;
    const file = box.files?.[0];
    if (file === undefined) return;
    const problem = traceFileProblem(file.size);
    if (problem === '') {
      try {
        await run(api.replayTrace({ text: await file.text() }));
      } catch {
        setError('This file could not be read.');
      }
    } else {
      setError(problem);
    }
    // So that the same file can be chosen again.
    box.value = '';
  };
  const { phase } = trace;
  return (
    <section className="testing-section" aria-labelledby="testing-trace">
      <h3 id="testing-trace" className="engraved">
        Network trace
      </h3>
      <p className="field-hint">
        Keeps what becomes of each packet you send: when it goes, how late it is, whether it is lost.
        Replayed, what you send shares that fate. No voice is in it.
      </p>
      {/* Not announced: it counts. */}
      <p data-testid="trace-state" data-phase={phase}>
        {traceSentence(trace)}
      </p>
      <div className="settings-actions">
        {phase === 'recording' ? (
          <TraceButton testId="trace-stop" label="Stop recording" onPress={() => run(api.stopTrace())} />
        ) : null}
        {phase === 'off' || phase === 'recorded' ? (
          <TraceButton
            testId="trace-start"
            label={phase === 'off' ? 'Record' : 'Record again'}
            onPress={() => run(api.startTrace())}
          />
        ) : null}
        {phase === 'recorded' ? <TraceButton testId="trace-save" label="Save…" onPress={save} /> : null}
        {phase === 'replaying' ? (
          <TraceButton
            testId="trace-end"
            label="Stop replaying"
            onPress={() => run(api.replayTrace({ text: null }))}
          />
        ) : (
          <TraceButton
            testId="trace-replay"
            label="Replay a file…"
            onPress={() => fileBox.current?.click()}
          />
        )}
        <input
          ref={fileBox}
          type="file"
          hidden
          accept=".json,.txt,application/json,text/plain"
          aria-label="A trace to replay"
          data-testid="trace-file"
          onChange={(event) => void replay(event)}
        />
      </div>
      <FieldError sentence={error} testId="trace-error" />
    </section>
  );
}

interface TraceButtonProps {
  readonly testId: string;
  readonly label: string;
  readonly onPress: () => void | Promise<void>;
}

function TraceButton({ testId, label, onPress }: TraceButtonProps): ReactElement {
  return (
    <button
      type="button"
      className="button"
      data-size="small"
      data-testid={testId}
      onClick={() => void onPress()}
    >
      {label}
    </button>
  );
}
