import type { ReactElement } from 'react';
import type { AppState } from '../../../contract/dto.ts';
import { MAX_PRE_ROLL_MS, MAX_RELEASE_DELAY_MS } from '../../../contract/limits.ts';
import { perform, useProgram } from '../../state/program.ts';
import { RangeField } from '../../ui/range-field.tsx';
import { usePaced } from '../../ui/use-paced.ts';
import { briefTimeText } from './processing-words.ts';
import { StageTrouble } from './stage-trouble.tsx';
import './processing.css';

/** Smallest step of both sliders, in ms: half a frame of sound. */
const STEP_MS = 10;

/** How much is sent from before and after one talks. */
export function TalkTimingFields({ app }: { app: AppState }): ReactElement {
  const { api } = useProgram();
  const [timing, change] = usePaced(app.talkTiming, (latest) => void perform(api.setTalkTiming(latest)));
  return (
    <div className="talk-timing">
      <StageTrouble problems={app.processingProblems} stage="voiceActivity" />
      <RangeField
        label="Keeps sending after you let go"
        hint="So that the end of your last word is not cut off."
        min={0}
        max={MAX_RELEASE_DELAY_MS}
        step={STEP_MS}
        value={timing.releaseDelayMs}
        valueText={briefTimeText}
        onChange={(releaseDelayMs) => change({ ...timing, releaseDelayMs })}
        testId="release-delay"
      />
      <RangeField
        label="Sends from before you begin"
        hint="So that your first word is whole. The others hear you that much later."
        min={0}
        max={MAX_PRE_ROLL_MS}
        step={STEP_MS}
        value={timing.preRollMs}
        valueText={briefTimeText}
        onChange={(preRollMs) => change({ ...timing, preRollMs })}
        testId="pre-roll"
      />
    </div>
  );
}
