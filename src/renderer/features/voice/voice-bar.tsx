import type { ReactElement } from 'react';
import type { AppState } from '../../../contract/dto.ts';
import { perform, useProgram } from '../../state/program.ts';
import { Icon } from '../../ui/icons.tsx';
import { MeterBar } from '../devices/meter-bar.tsx';
import { ownState, ownStateHint, ownStateLabels } from './own-state.ts';
import { TalkButton } from './talk-button.tsx';
import './voice.css';

/** One's own voice, always in reach while in a room: state, talk, mute, deafen; and to whom alone it goes. */
export function VoiceBar({ app }: { app: AppState }): ReactElement {
  const { api } = useProgram();
  const state = ownState(app);
  return (
    <section className="voice-bar" aria-label="Your voice" data-whispering={state === 'whispering'}>
      {state === 'whispering' ? (
        <p className="whisper-line" role="status" data-testid="whisper-active">
          <Icon name="whisper" size={20} />
          <span>
            Only <bdi>{app.whispers.activeTo}</bdi> hears you
          </span>
        </p>
      ) : null}
      <div className="own" data-state={state}>
        <p className="own-state" role="status" data-testid="own-state" data-transmitting={app.transmitting}>
          <span className="lamp" />
          {ownStateLabels[state]}
        </p>
        {state === 'whispering' ? null : (
          <p className="own-hint" data-testid="own-hint">
            {ownStateHint(app)}
          </p>
        )}
        <MeterBar side="input" label="Your level" compact />
      </div>
      <div className="voice-buttons">
        <button
          type="button"
          className="button voice-toggle"
          data-testid="mute"
          aria-pressed={app.muted}
          onClick={() => void perform(api.setMuted({ muted: !app.muted }))}
        >
          <Icon name={app.muted ? 'microphoneOff' : 'microphone'} size={20} />
          Mute
        </button>
        <TalkButton app={app} />
        <button
          type="button"
          className="button voice-toggle"
          data-testid="deafen"
          aria-pressed={app.deafened}
          onClick={() => void perform(api.setDeafened({ deafened: !app.deafened }))}
        >
          <Icon name={app.deafened ? 'headphonesOff' : 'headphones'} size={20} />
          Deafen
        </button>
      </div>
    </section>
  );
}
