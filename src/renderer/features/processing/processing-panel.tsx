import type { ReactElement } from 'react';
import type { AppState } from '../../../contract/dto.ts';
import type { ProcessingSettings } from '../../../contract/sound.ts';
import { perform, useProgram } from '../../state/program.ts';
import { SwitchField } from '../../ui/field.tsx';
import { SegmentField } from '../../ui/segment-field.tsx';
import { noiseChoices, noiseHints, stageWords } from './processing-words.ts';
import { StageTrouble } from './stage-trouble.tsx';
import './processing.css';

type SwitchedStage = 'highPass' | 'echoCancellation' | 'gainControl' | 'limiter';

/** What is done to the microphone's sound before it is sent, in the order of the sound. */
export function ProcessingPanel({ app }: { app: AppState }): ReactElement {
  const { api } = useProgram();
  const { processing, processingProblems } = app;
  const change = (part: Partial<ProcessingSettings>): void =>
    void perform(api.setProcessing({ ...processing, ...part }));
  const stage = (name: SwitchedStage): ReactElement => (
    <li className="processing-stage">
      <SwitchField
        {...stageWords[name]}
        on={processing[name]}
        onChange={(on) => change({ [name]: on })}
        testId={`processing-${name}`}
      />
      <StageTrouble problems={processingProblems} stage={name} />
    </li>
  );
  return (
    <section aria-labelledby="settings-processing">
      <h3 id="settings-processing" className="engraved">
        Your voice before it is sent
      </h3>
      <ul className="processing">
        {stage('highPass')}
        {stage('echoCancellation')}
        <li className="processing-stage">
          <SegmentField
            label={stageWords.noiseSuppression.label}
            hint={noiseHints[processing.noiseSuppression]}
            value={processing.noiseSuppression}
            choices={noiseChoices}
            onChange={(noiseSuppression) => change({ noiseSuppression })}
            testId="processing-noise"
          />
          <StageTrouble problems={processingProblems} stage="noiseSuppression" />
        </li>
        {stage('gainControl')}
        {stage('limiter')}
      </ul>
      <StageTrouble problems={processingProblems} stage="voiceActivity" />
      <p className="field-hint">
        Every stage can be switched while you talk. One that fails is passed by, and you are told here.
      </p>
    </section>
  );
}
