import type { ReactElement } from 'react';
import type { AppState } from '../../../contract/dto.ts';
import { perform, useProgram } from '../../state/program.ts';
import { Icon } from '../../ui/icons.tsx';
import { speakRule } from './own-state.ts';
import { useHold } from './use-hold.ts';

/** Opens the microphone while it is held; where a rule forbids to speak, it says which. */
export function TalkButton({ app }: { app: AppState }): ReactElement {
  const { api } = useProgram();
  const rule = speakRule(app.connection);
  const silenced = app.activation !== 'pushToTalk' || app.muted || app.deafened;
  const usable = !silenced && rule === '';
  const { down, handlers } = useHold((isDown) => void perform(api.setTalkButton({ down: isDown })), usable);
  return (
    <button
      type="button"
      className="button talk-button"
      data-testid="talk-button"
      data-on-air={app.transmitting}
      aria-pressed={down}
      // With a rule it can still be reached, so that the rule can be read; otherwise the label says it all.
      disabled={silenced && rule === ''}
      aria-disabled={!usable}
      {...(rule === '' ? {} : { 'data-tip': rule, 'aria-description': rule })}
      onContextMenu={(event) => event.preventDefault()}
      {...handlers}
    >
      <Icon name={app.muted || app.deafened || rule !== '' ? 'microphoneOff' : 'microphone'} size={22} />
      {talkButtonLabel(app, rule)}
    </button>
  );
}

function talkButtonLabel(app: AppState, rule: string): string {
  if (app.deafened) return 'Deafened';
  if (app.muted) return 'Muted';
  if (rule !== '') return 'You cannot speak here';
  if (app.whispers.activeTo !== '') return 'Whispering';
  if (app.transmitting) return 'On air';
  switch (app.activation) {
    case 'pushToTalk':
      return 'Hold to talk';
    case 'voiceActivity':
      return 'Just speak';
    case 'open':
      return 'Open';
  }
}
