import {
  type ListeningState,
  MAX_CHANNEL_LISTENERS,
  MIN_LISTENING_PASSWORD_LENGTH,
  type SaveListening,
} from '../../../contract/admin.ts';
import { readWhole } from '../../features/channels/channel-words.ts';

type Source = ListeningState['source'];
type Access = ListeningState['access'];

export const sourceChoices: readonly { readonly value: Source; readonly label: string }[] = [
  { value: 'conversation', label: 'The conversation' },
  { value: 'publisher', label: 'A publisher' },
];

/** What each of them means. */
export const sourceHints: Readonly<Record<Source, string>> = {
  conversation: 'What is said in the channel, mixed here for those who listen.',
  publisher: 'What a program sends with the publisher’s key, untouched. The conversation stays in the room.',
};

export const accessChoices: readonly { readonly value: Access; readonly label: string }[] = [
  { value: 'link', label: 'By link' },
  { value: 'password', label: 'By password' },
  { value: 'public', label: 'Everybody' },
];

/** What each of them means. */
export const accessHints: Readonly<Record<Access, string>> = {
  link: 'Whoever has the link can listen. Nobody guesses it, and it can be renewed.',
  password: 'Whoever knows the password can listen; in players the name is “listener”.',
  public: 'Everybody who can reach this relay can listen.',
};

const sources: Readonly<Record<Source, string>> = {
  conversation: 'The conversation',
  publisher: 'A publisher’s program',
};

const audiences: Readonly<Record<Access, string>> = {
  link: 'whoever has the link',
  password: 'whoever knows the password',
  public: 'everybody',
};

/** What can be heard, and by whom. */
export function summaryText({ source, access }: Pick<ListeningState, 'source' | 'access'>): string {
  return `${sources[source]}, for ${audiences[access]}`;
}

/** How many listen. */
export function audienceText({ now, maxListeners }: Pick<ListeningState, 'now' | 'maxListeners'>): string {
  return now.listeners === 0 ? 'Nobody is listening' : `${now.listeners} of ${maxListeners} listening`;
}

/** What is on. */
export function onAirText({ now }: Pick<ListeningState, 'now'>): string {
  if (now.source === null) return 'Nothing is on';
  return now.title === '' ? `On: ${now.source}` : `On: ${now.title} (${now.source})`;
}

/** How a channel is to be listened to, as it is filled in. */
export interface ListeningDraft {
  readonly listeners: boolean;
  readonly source: Source;
  readonly access: Access;
  /** Empty: as it is. */
  readonly password: string;
  readonly publish: boolean;
  readonly talk: boolean;
  readonly maxListeners: string;
}

export function draftOf(state: ListeningState): ListeningDraft {
  const { listeners, source, access, publish, talk } = state;
  return { listeners, source, access, publish, talk, password: '', maxListeners: String(state.maxListeners) };
}

/** What is wrong with the number; empty: nothing. */
export function limitProblem(draft: Pick<ListeningDraft, 'maxListeners'>): string {
  return readWhole(draft.maxListeners, 1, MAX_CHANNEL_LISTENERS).ok
    ? ''
    : `A whole number from 1 to ${MAX_CHANNEL_LISTENERS}.`;
}

/** What is wrong with the password; empty: nothing. */
export function passwordProblem(
  { access, password }: Pick<ListeningDraft, 'access' | 'password'>,
  hasPassword: boolean,
): string {
  if (access !== 'password') return '';
  if (password === '') return hasPassword ? '' : 'Give the channel a listening password.';
  return password.length < MIN_LISTENING_PASSWORD_LENGTH
    ? `At least ${MIN_LISTENING_PASSWORD_LENGTH} characters: it is guessed at by strangers.`
    : '';
}

/** Why the draft cannot be saved as it stands; empty: it can. */
export function draftProblem(draft: ListeningDraft, hasPassword: boolean): string {
  if (limitProblem(draft) !== '') return 'Look at the number once more.';
  return passwordProblem(draft, hasPassword);
}

/**
 * What has to be asked of the relay. Only what is different: to switch publishing on again would make a new key, and
 * settings that stay ask for no right to change them.
 */
export function changeOf(state: ListeningState, draft: ListeningDraft): SaveListening {
  const limit = readWhole(draft.maxListeners, 1, MAX_CHANNEL_LISTENERS);
  const maxListeners = limit.ok ? limit.value : state.maxListeners;
  const { source, access, talk, publish } = draft;
  // Nobody publishes into a conversation: what was chosen before stays for the day it is a publisher's again.
  const publishes = source === 'publisher' && (publish !== state.publish || source !== state.source);
  return {
    listeners: draft.listeners,
    ...(source === state.source ? {} : { source }),
    ...(access === state.access ? {} : { access }),
    ...(access === 'password' && draft.password !== '' ? { password: draft.password } : {}),
    ...(publishes ? { publish } : {}),
    ...(talk === state.talk ? {} : { talk }),
    ...(maxListeners === state.maxListeners ? {} : { maxListeners }),
  };
}

/** An address, and what it is for. */
export interface NamedLink {
  readonly name: string;
  readonly label: string;
  readonly address: string;
}

/** Ways to listen but for the page, the most used first. */
export function listeningWays({ links }: Pick<ListeningState, 'links'>): readonly NamedLink[] {
  if (links === null) return [];
  return named([
    ['ogg', 'Ogg/Opus, for players', links.ogg],
    ['rtsp', 'RTSP, for players and cameras’ programs', links.rtsp],
    ['whep', 'WHEP, for WebRTC players', links.whep],
    ['websocket', 'WebSocket, for programs', links.websocket],
  ]);
}

/** Ways to publish; the addresses carry the key. */
export function publishingWays({ links }: Pick<ListeningState, 'links'>): readonly NamedLink[] {
  if (links === null) return [];
  return named([
    ['publish', 'Ogg/Opus by PUT, for ffmpeg', links.publish],
    ['icecast', 'Icecast, for source clients', links.icecast],
    ['whip', 'WHIP, for OBS', links.whip],
  ]);
}

function named(
  ways: readonly (readonly [name: string, label: string, address: string | null])[],
): NamedLink[] {
  return ways.flatMap(([name, label, address]) => (address === null ? [] : [{ name, label, address }]));
}
