import { create } from 'zustand';
import type {
  AdminChannel,
  AdminEvent,
  AdminMember,
  AdminRoom,
  BotsState,
  Traffic,
} from '../../../contract/admin.ts';
import { keepSame } from '../../state/keep-same.ts';
import type { StreamStatus } from '../api/event-stream.ts';

/** Figures of the relay that are kept, one a second: five minutes, what an eye takes in on one graph. */
export const MAX_TRAFFIC = 300;

/** Figures of a stress test that are kept: as many seconds as the longest one lasts. */
export const MAX_BOT_POINTS = 660;

/** Everything the relay tells about itself. */
export interface RoomState {
  readonly stream: StreamStatus;
  /** Null until the relay first told. Stays while the connection is lost. */
  readonly room: AdminRoom | null;
  /** Oldest first. */
  readonly traffic: readonly Traffic[];
  readonly bots: BotsState | null;
  /** The figures of the stress test while it runs, oldest first. */
  readonly botPoints: readonly BotsState[];
  /** Counts up when what is known of the listeners is old. */
  readonly listeningNews: number;
  /** Counts up when the log has a new line. */
  readonly auditNews: number;
}

/** Before anything is known. */
export const unknownRoom: RoomState = {
  stream: { kind: 'connecting' },
  room: null,
  traffic: [],
  bots: null,
  botPoints: [],
  listeningNews: 0,
  auditNews: 0,
};

/** What the dashboard knows of the relay. */
export const useRoom = create<RoomState>(() => unknownRoom);

/** The list with one element put in the place of its like, or at the end. */
function withOne<Element>(
  list: readonly Element[],
  one: Element,
  isLike: (other: Element) => boolean,
): Element[] {
  return list.some(isLike) ? list.map((other) => (isLike(other) ? one : other)) : [...list, one];
}

function changeRoom(state: RoomState, change: (room: AdminRoom) => Partial<AdminRoom>): Partial<RoomState> {
  // Without the whole there is nothing to change: it is on its way.
  return state.room === null ? {} : { room: { ...state.room, ...change(state.room) } };
}

function takeMember(room: AdminRoom, member: AdminMember): Partial<AdminRoom> {
  return { members: withOne(room.members, member, (other) => other.token === member.token) };
}

function takeChannel(room: AdminRoom, channel: AdminChannel): Partial<AdminRoom> {
  return { channels: withOne(room.channels, channel, (other) => other.id === channel.id) };
}

/** A test that has begun anew: the figures of the one before are no part of its graphs. */
function beginsAnew(before: BotsState | null, now: BotsState): boolean {
  return before === null || now.elapsedSeconds < before.elapsedSeconds;
}

function takeBots(state: RoomState, bots: BotsState): Partial<RoomState> {
  const before = beginsAnew(state.bots, bots) ? [] : state.botPoints;
  const known = before.at(-1)?.elapsedSeconds === bots.elapsedSeconds;
  // The time of speaking: before it, and in its moment of beginning, nobody sends and nothing can be lost.
  const told = bots.phase === 'speaking' && bots.elapsedSeconds > 0 && !known;
  return { bots, botPoints: told ? [...before, bots].slice(-MAX_BOT_POINTS) : before };
}

/** What an event changes. Parts that say the same as before stay the same. */
function afterEvent(state: RoomState, event: AdminEvent): Partial<RoomState> {
  switch (event.type) {
    case 'room':
      return { room: keepSame(state.room, event.room) };
    case 'member':
      return changeRoom(state, (room) => takeMember(room, event.member));
    case 'memberLeft':
      return changeRoom(state, (room) => ({
        members: room.members.filter((member) => member.token !== event.token),
      }));
    case 'channel':
      return changeRoom(state, (room) => takeChannel(room, event.channel));
    case 'channelRemoved':
      return changeRoom(state, (room) => ({
        channels: room.channels.filter((channel) => channel.id !== event.channel),
      }));
    case 'roles':
      return changeRoom(state, (room) => ({ roles: keepSame(room.roles, event.roles) }));
    case 'config':
      return changeRoom(state, () => event.config);
    case 'traffic':
      return { traffic: [...state.traffic, event.traffic].slice(-MAX_TRAFFIC) };
    case 'bots':
      return takeBots(state, event.bots);
    case 'listening':
      return { listeningNews: state.listeningNews + 1 };
    case 'audit':
      return { auditNews: state.auditNews + 1 };
  }
}

/** What a number of events changes, in their order. */
export function afterEvents(state: RoomState, events: readonly AdminEvent[]): RoomState {
  let now = state;
  for (const event of events) now = { ...now, ...afterEvent(now, event) };
  return now;
}

/** Takes events in, as one change. */
export function takeEvents(events: readonly AdminEvent[]): void {
  useRoom.setState((state) => afterEvents(state, events));
}

export function takeStatus(stream: StreamStatus): void {
  useRoom.setState({ stream });
}

/** Forgets the room: somebody else may log in. */
export function forgetRoom(): void {
  useRoom.setState(unknownRoom);
}

/** Calls back when settings of listening, or who listens, have changed. @returns ends it */
export function onListeningNews(listener: () => void): () => void {
  return useRoom.subscribe((now, before) => {
    if (now.listeningNews > before.listeningNews) listener();
  });
}

/** Calls back when the log has a new line. @returns ends it */
export function onAuditNews(listener: () => void): () => void {
  return useRoom.subscribe((now, before) => {
    if (now.auditNews > before.auditNews) listener();
  });
}
