import type { AppState } from '../../../contract/dto.ts';

/** What the tray can do. */
export interface TrayActions {
  showWindow(): void;
  host(): void;
  stopHosting(): void;
  copyInvite(): void;
  setMuted(muted: boolean): void;
  setDeafened(deafened: boolean): void;
  quit(): void;
}

/** One line of the tray's menu, in the shape Electron's menu templates take. */
export type TrayItem =
  | { readonly type: 'separator' }
  | {
      readonly id: string;
      readonly label: string;
      readonly type: 'normal' | 'checkbox';
      readonly enabled: boolean;
      readonly checked?: boolean;
      readonly click: () => void;
    };

/** The part of the state the tray shows. Two states with the same key have the same tray. */
export function trayKey(state: AppState): string {
  const room = state.connection.phase === 'connected' ? state.connection.roomName : '';
  return JSON.stringify([
    state.hosting.phase,
    state.muted,
    state.deafened,
    state.connection.phase,
    room,
    state.members.length,
  ]);
}

/** The tray's menu for a state. */
export function trayItems(state: AppState, actions: TrayActions): TrayItem[] {
  return [
    item('show', 'Show window', () => actions.showWindow()),
    { type: 'separator' },
    hostItem(state, actions),
    item('copyInvite', 'Copy invite', () => actions.copyInvite(), state.hosting.phase === 'on'),
    { type: 'separator' },
    checkbox('mute', 'Mute', state.muted, () => actions.setMuted(!state.muted)),
    checkbox('deafen', 'Deafen', state.deafened, () => actions.setDeafened(!state.deafened)),
    { type: 'separator' },
    item('quit', 'Quit', () => actions.quit()),
  ];
}

/** What the tray icon says when pointed at. */
export function trayTooltip(state: AppState): string {
  const { connection } = state;
  switch (connection.phase) {
    case 'idle':
      return 'Sidetone: in no room';
    case 'connecting':
      return 'Sidetone: connecting';
    case 'reconnecting':
      return 'Sidetone: the connection is lost and looked for';
    case 'connected': {
      const silence = state.deafened ? ', deafened' : state.muted ? ', muted' : '';
      const people = state.members.length === 1 ? '1 person' : `${state.members.length} people`;
      return `Sidetone: ${connection.roomName}, ${people}${silence}`;
    }
  }
}

function hostItem(state: AppState, actions: TrayActions): TrayItem {
  switch (state.hosting.phase) {
    case 'off':
      return item('host', 'Host a room', () => actions.host());
    case 'starting':
      return item('host', 'Opening the room…', () => {}, false);
    case 'on':
      return item('stopHosting', 'Close the room', () => actions.stopHosting());
  }
}

function item(id: string, label: string, click: () => void, enabled = true): TrayItem {
  return { id, label, type: 'normal', enabled, click };
}

function checkbox(id: string, label: string, checked: boolean, click: () => void): TrayItem {
  return { id, label, type: 'checkbox', enabled: true, checked, click };
}
