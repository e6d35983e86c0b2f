import type { ReactElement } from 'react';
import type { AppState } from '../../../contract/dto.ts';
import { perform, useProgram } from '../../state/program.ts';
import { activationChoices } from './own-state.ts';
import { PushToTalkKey } from './push-to-talk-key.tsx';
import './voice.css';

/** What opens the microphone; the push-to-talk key stands under its mode. */
export function ActivationChoice({ app }: { app: AppState }): ReactElement {
  const { api } = useProgram();
  return (
    <fieldset className="activation">
      <legend className="visually-hidden">When to send your voice</legend>
      {activationChoices.map((choice) => (
        <div key={choice.value} className="activation-item" data-chosen={app.activation === choice.value}>
          <label className="activation-choice">
            <input
              type="radio"
              name="activation"
              value={choice.value}
              checked={app.activation === choice.value}
              data-testid={`activation-${choice.value}`}
              onChange={() => void perform(api.setActivation({ activation: choice.value }))}
            />
            <span className="activation-label">{choice.label}</span>
            <span className="field-hint">{choice.hint}</span>
          </label>
          {choice.value === 'pushToTalk' ? <PushToTalkKey app={app} /> : null}
        </div>
      ))}
    </fieldset>
  );
}
