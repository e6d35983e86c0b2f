import type { Activation, AppState, Binding, Connection } from '../../../contract/dto.ts';

/** What one's own microphone does, as the lamp shows it. */
export type OwnState = 'onAir' | 'whispering' | 'muted' | 'deafened' | 'waiting' | 'noRight' | 'listening';

type OwnFacts = Pick<AppState, 'transmitting' | 'muted' | 'deafened' | 'connection'> & {
  readonly whispers: Pick<AppState['whispers'], 'activeTo'>;
};

/** Why one cannot speak here, or an empty text. */
export function speakRule(connection: Connection): string {
  return connection.phase === 'connected' ? connection.speakRule : '';
}

/** In a channel whose keys are not here yet; outside of channels there are none to wait for. */
function waitsForKeys(connection: Connection): boolean {
  if (connection.phase !== 'connected' || connection.channel === null) return false;
  return connection.sealing.state === 'waiting';
}

/** One's own state; sound that goes out is told before anything else, and to whom before that it does. */
export function ownState(app: OwnFacts): OwnState {
  if (app.whispers.activeTo !== '') return 'whispering';
  if (app.transmitting) return 'onAir';
  if (app.deafened) return 'deafened';
  if (app.muted) return 'muted';
  if (speakRule(app.connection) !== '') return 'noRight';
  return waitsForKeys(app.connection) ? 'waiting' : 'listening';
}

/** The lamp's label. */
export const ownStateLabels: Record<OwnState, string> = {
  onAir: 'On air',
  whispering: 'Whispering',
  muted: 'Muted',
  deafened: 'Deafened',
  waiting: 'Waiting for keys',
  noRight: 'Listening only',
  listening: 'Listening',
};

/** What opens the microphone at this moment, or why nothing does, in one line under the lamp. */
export function ownStateHint(
  app: OwnFacts & Pick<AppState, 'activation' | 'pushToTalk' | 'hotkeyProblem'>,
): string {
  switch (ownState(app)) {
    case 'whispering':
      return `Only ${app.whispers.activeTo} hears you`;
    case 'onAir':
      return 'People hear you';
    case 'deafened':
      return 'You hear nobody and nobody hears you';
    case 'muted':
      return 'Nobody hears you';
    case 'noRight':
      return speakRule(app.connection);
    case 'waiting':
      return 'Nothing is sent before the channel’s keys are here';
    case 'listening':
      return openerHint(app);
  }
}

function openerHint(app: Pick<AppState, 'activation' | 'pushToTalk' | 'hotkeyProblem'>): string {
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

/** A key or mouse button as it is shown. */
export function bindingText(binding: Binding | null): string {
  return binding === null ? 'No key' : binding.label;
}

/** Whether a key of the keyboard talks or whispers, by its label: then it does nothing else in the window. */
export function isKeyTaken(
  app: Pick<AppState, 'pushToTalk'> & {
    readonly whispers: Pick<AppState['whispers'], 'lists' | 'replyBinding'>;
  },
  label: string,
): boolean {
  const bindings = [
    app.pushToTalk,
    app.whispers.replyBinding,
    ...app.whispers.lists.map((list) => list.binding),
  ];
  return bindings.some((binding) => binding?.device === 'keyboard' && binding.label === label);
}
