import { create } from 'zustand';
import type { AppState, Notice } from '../../contract/dto.ts';
import type { SidetoneApi } from '../../contract/ipc.ts';
import type { LinkStatus } from '../browser-bridge.ts';
import { keepSame } from './keep-same.ts';

/** Most notices the window raises by itself at a time; older ones go. */
export const MAX_WINDOW_NOTICES = 4;

/** Everything the window shows, except meters, which reach their bars without React. */
export interface WindowState {
  /** Null until the program first answered. */
  readonly app: AppState | null;
  readonly link: LinkStatus;
  /** Tokens of who talks now; replaced only when it changes. */
  readonly talking: ReadonlySet<number>;
  /** Notices of the window itself; their ids are negative, those of the program are not. */
  readonly windowNotices: readonly Notice[];
  readonly settingsOpen: boolean;
  readonly settingsTab: SettingsTab;
  /** The room as it was last seen; stays while reconnecting, when the program names only the relay. */
  readonly room: RoomHead | null;
  /** What the room shows where there is no place for everything beside each other. */
  readonly pane: RoomPane;
}

/** The parts of the room's view. */
export type RoomPane = 'people' | 'chat' | 'whispers';

/** The tabs of the settings. */
export type SettingsTab = 'sound' | 'processing' | 'identity' | 'testing';

/** What the window knows of a room besides its members. */
export interface RoomHead {
  readonly relay: string;
  readonly roomName: string;
  readonly channel: number | null;
  readonly channelName: string;
  readonly bitrate: number;
}

/** The one store of the window. */
export const useWindow = create<WindowState>(() => ({
  app: null,
  link: 'up',
  talking: new Set(),
  windowNotices: [],
  settingsOpen: false,
  settingsTab: 'sound',
  room: null,
  pane: 'people',
}));

/** The set to keep: `before` where `tokens` hold the same, so that nothing renders again. */
export function talkingSet(before: ReadonlySet<number>, tokens: readonly number[]): ReadonlySet<number> {
  const after = new Set(tokens);
  return after.size === before.size && [...after].every((token) => before.has(token)) ? before : after;
}

function roomHead(before: RoomHead | null, connection: AppState['connection']): RoomHead | null {
  if (connection.phase === 'reconnecting') return before;
  if (connection.phase !== 'connected') return null;
  const { relay, roomName, channel, channelName, bitrate } = connection;
  return keepSame(before, { relay, roomName, channel, channelName, bitrate });
}

/** Takes in a whole state from the program; what did not change keeps its identity. */
export function takeAppState(app: AppState): void {
  const tokens = app.members.filter((member) => member.talking).map((member) => member.token);
  useWindow.setState((state) => ({
    app: keepSame(state.app, app),
    talking: talkingSet(state.talking, tokens),
    room: roomHead(state.room, app.connection),
  }));
}

/** Takes in who talks, at the pace of the meters. */
export function takeTalking(tokens: readonly number[]): void {
  const before = useWindow.getState().talking;
  const after = talkingSet(before, tokens);
  if (after !== before) useWindow.setState({ talking: after });
}

let lastWindowNoticeId = 0;

/** Raises a notice of the window itself; one with the same words takes the place of the earlier one. */
export function raiseWindowNotice(severity: Notice['severity'], text: string): void {
  lastWindowNoticeId -= 1;
  const notice: Notice = { id: lastWindowNoticeId, severity, text };
  useWindow.setState((state) => ({
    windowNotices: [...state.windowNotices.filter((one) => one.text !== text), notice].slice(
      -MAX_WINDOW_NOTICES,
    ),
  }));
}

/** Takes a notice of the window itself away. */
export function dropWindowNotice(id: number): void {
  useWindow.setState((state) => ({ windowNotices: state.windowNotices.filter((one) => one.id !== id) }));
}

/** Opens the settings at a tab, or closes them. They open at the first one unless something leads elsewhere. */
export function showSettings(settingsOpen: boolean, settingsTab: SettingsTab = 'sound'): void {
  useWindow.setState({ settingsOpen, settingsTab });
}

/** Chooses what the settings show. */
export function showSettingsTab(settingsTab: SettingsTab): void {
  useWindow.setState({ settingsTab });
}

/** Chooses what the room shows. */
export function showPane(pane: RoomPane): void {
  useWindow.setState({ pane });
}

/** Feeds the store from the program's events; returns what ends that. */
export function followProgram(api: SidetoneApi): () => void {
  const ends = [
    api.onStateChanged(takeAppState),
    api.onMetersChanged((meters) => takeTalking(meters.talkingTokens)),
  ];
  return () => {
    for (const end of ends) end();
  };
}
