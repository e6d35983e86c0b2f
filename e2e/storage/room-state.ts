import type { RelaySnapshot } from '../../src/core/relay/relay-store.ts';
import type { ChannelInfo } from '../../src/core/wire/channels.ts';
import type { Ban } from '../../src/core/wire/control.ts';
import { WHISPER_LIST_BIT } from '../../src/core/wire/datagram.ts';
import { BUILT_IN_ROLES, MEMBER_ROLE_ID, type Role } from '../../src/core/wire/roles.ts';
import type { RoomMember } from './room-member.ts';

/**
 * What is to be remembered of a room, one entry for each thing that changes by itself: a channel, a role, who has
 * which role, a ban, who is muted, who is where, a whisper list. What is not there has no entry.
 */
export type RoomState = Map<string, string>;

/** Where members land; all other channels come and go. */
export const LANDING = 'landing';

/** Things are known by a number of ours in their name: `Channel 3.17` is the 17th change's idea of channel 3. */
const NUMBERED = /^\D*(\d+)\./;

export const keys = {
  channel: (number: number): string => `channel ${number}`,
  role: (number: number): string => `role ${number}`,
  assignment: (identity: string): string => `assignment ${identity}`,
  ban: (number: number): string => `ban ${number}`,
  mute: (identity: string): string => `mute ${identity}`,
  place: (identity: string): string => `place ${identity}`,
  list: (identity: string, list: number): string => `list ${identity} ${list - WHISPER_LIST_BIT}`,
};

export const values = {
  channel: (name: string, bitrate: number, locked: boolean): string =>
    JSON.stringify([name, bitrate, locked]),
  role: (name: string, rank: number): string => JSON.stringify([name, rank]),
  ban: (reason: string, subject: Ban['subject']): string => JSON.stringify([reason, subject]),
  list: (identities: readonly string[]): string => JSON.stringify(identities.toSorted()),
  muted: 'muted',
};

/** Number of ours in a name or a reason; null: it is none of those that come and go. */
export function numberIn(name: string): number | null {
  const digits = NUMBERED.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

interface Person {
  readonly identity: string;
  readonly channel: number | null;
  readonly mutedForAll: boolean;
}

/** What stands in the database. */
export function storedState(snapshot: RelaySnapshot): RoomState {
  const state: RoomState = new Map();
  const channels = snapshot.channels.map(({ info }) => info);
  putRoom(state, channels, snapshot.roles, snapshot.bans);
  for (const [identity, role] of snapshot.assignments) putAssignment(state, identity, role, snapshot.roles);
  for (const session of snapshot.sessions) {
    putPerson(state, session, channels);
    for (const { list, targets } of session.whisperLists) {
      const identities = targets.map(
        (token) => snapshot.sessions.find((other) => other.token === token)?.identity ?? 'nobody',
      );
      put(state, keys.list(session.identity, list), values.list(identities));
    }
  }
  return state;
}

/** What a member was told over its lane. Roles of people who are not here, and whisper lists, are told to nobody. */
export function toldState(member: RoomMember, bans: readonly Ban[], owner: string): RoomState {
  const state: RoomState = new Map();
  const { channels, members, roles } = member.call;
  putRoom(state, channels, roles, bans);
  for (const person of members) {
    // The owner is admin without having been made one.
    if (person.identity !== owner) putAssignment(state, person.identity, person.role, roles);
    putPerson(state, person, channels);
  }
  return state;
}

/** The part of a state that `toldState` tells. */
export function tellable(state: ReadonlyMap<string, string>, member: RoomMember): RoomState {
  const present = new Set(member.call.members.map(({ identity }) => keys.assignment(identity)));
  return new Map(
    Array.from(state).filter(
      ([key]) => !key.startsWith('list ') && (!key.startsWith('assignment ') || present.has(key)),
    ),
  );
}

function putRoom(
  state: RoomState,
  channels: readonly ChannelInfo[],
  roles: readonly Role[],
  bans: readonly Ban[],
): void {
  for (const { name, config, locked } of channels) {
    const number = numberIn(name);
    if (number !== null) put(state, keys.channel(number), values.channel(name, config.bitrate, locked));
  }
  for (const { name, rank } of roles) {
    const number = numberIn(name);
    if (number !== null) put(state, keys.role(number), values.role(name, rank));
  }
  for (const { reason, subject } of bans) {
    const number = numberIn(reason);
    if (number !== null) put(state, keys.ban(number), values.ban(reason, subject));
  }
}

/** A role is given out by its number, whatever it is called at the moment. */
function putAssignment(state: RoomState, identity: string, id: number, roles: readonly Role[]): void {
  if (id === MEMBER_ROLE_ID) return;
  const role = [...roles, ...BUILT_IN_ROLES].find((candidate) => candidate.id === id);
  const number = role === undefined ? null : numberIn(role.name);
  put(state, keys.assignment(identity), number === null ? (role?.name ?? 'no such role') : keys.role(number));
}

function putPerson(state: RoomState, person: Person, channels: readonly ChannelInfo[]): void {
  const channel = channels.find(({ id }) => id === person.channel);
  const number = channel === undefined ? null : numberIn(channel.name);
  const place = channel === undefined ? 'nowhere' : number === null ? LANDING : keys.channel(number);
  put(state, keys.place(person.identity), place);
  if (person.mutedForAll) put(state, keys.mute(person.identity), values.muted);
}

/** Two of a kind are never right: they are told together, and so equal nothing that is expected. */
function put(state: RoomState, key: string, value: string): void {
  const other = state.get(key);
  state.set(key, other === undefined ? value : `${other} and ${value}`);
}
