import type { Activation, AppState, Binding } from '../../../contract/dto.ts';

/** What one's own microphone does, as the lamp shows it. */
export type OwnState = 'onAir' | 'muted' | 'deafened' | 'listening';

/** One's own state; sound that goes out is told before anything else. */
export function ownState(app: Pick<AppState, 'transmitting' | 'muted' | 'deafened'>): OwnState {
  if (app.transmitting) return 'onAir';
  if (app.deafened) return 'deafened';
  return app.muted ? 'muted' : 'listening';
}

/** The lamp's label. */
export const ownStateLabels: Record<OwnState, string> = {
  onAir: 'On air',
  muted: 'Muted',
  deafened: 'Deafened',
  listening: 'Listening',
};

/** What opens the microphone at this moment, in one line under the lamp. */
export function ownStateHint(
  app: Pick<AppState, 'transmitting' | 'muted' | 'deafened' | 'activation' | 'pushToTalk' | 'hotkeyProblem'>,
): string {
  const state = ownState(app);
  if (state === 'onAir') return 'People hear you';
  if (state === 'deafened') return 'You hear nobody and nobody hears you';
  if (state === 'muted') return 'Nobody hears you';
  switch (app.activation) {
    case 'pushToTalk':
      return app.pushToTalk === null || app.hotkeyProblem !== ''
        ? 'Hold the button to talk'
        : `Hold ${app.pushToTalk.label} or the button to talk`;
    case 'voiceActivity':
      return 'Opens when you speak';
    case 'open':
      return 'Your microphone is open';
  }
}

/** The three activation modes in the order they are shown. */
export const activationChoices: readonly {
  readonly value: Activation;
  readonly label: string;
  readonly hint: string;
}[] = [
  { value: 'pushToTalk', label: 'Push to talk', hint: 'Sends while you hold a key or the button' },
  { value: 'voiceActivity', label: 'Voice activity', hint: 'Sends while you speak' },
  { value: 'open', label: 'Always open', hint: 'Sends all the time' },
];

/** The push-to-talk key as it is shown. */
export function bindingText(binding: Binding | null): string {
  return binding === null ? 'No key' : binding.label;
}
