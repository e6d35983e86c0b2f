import { createHash } from 'node:crypto';
import type { Rng } from '../../src/core/base/rng.ts';
import type { ChannelInfo } from '../../src/core/wire/channels.ts';
import type { Ban, BanSubject, Request } from '../../src/core/wire/control.ts';
import { WHISPER_LIST_BIT } from '../../src/core/wire/datagram.ts';
import { BUILT_IN_ROLES, MEMBER_ROLE_ID, MODERATOR_ROLE_ID, type Role } from '../../src/core/wire/roles.ts';
import type { Change, ExpectedRoom } from './expected-room.ts';
import type { RoomMember } from './room-member.ts';
import { keys, LANDING, numberIn, values } from './room-state.ts';

/** How many of each come and go. */
const CHANNELS = 6;
const ROLES = 6;
const STRANGERS = 8;
const BANS = 10;
const LISTS = 3;

/** Something to ask for, and what it changes. */
export interface Ask {
  readonly request: Request;
  readonly change: Change;
}

export interface RoomChangesOptions {
  readonly rng: Rng;
  readonly expected: ExpectedRoom;
  /** Everybody in the room. */
  readonly members: readonly RoomMember[];
  /** Admins, who may ask for everything. */
  readonly admins: readonly RoomMember[];
  /** Goes from channel to channel, and is moved. */
  readonly wanderer: RoomMember;
  /** Those who are muted for all. */
  readonly muted: readonly RoomMember[];
}

/** Draws requests as a busy room makes them, each valid after those before, and never two about one thing at once. */
export class RoomChanges {
  readonly #options: RoomChangesOptions;
  /** Passwords by the name of the channel, which each change makes a new one. */
  readonly #passwords = new Map<string, string>();
  /** As they were listed last. */
  #bans: readonly Ban[] = [];
  #serial = 0;

  constructor(options: RoomChangesOptions) {
    this.#options = options;
  }

  handleBans(bans: readonly Ban[]): void {
    this.#bans = bans;
  }

  /** @returns null when the dice fell on something that is under way already */
  draw(by: RoomMember): Ask | null {
    const { admins, wanderer } = this.#options;
    if (!admins.includes(by)) {
      return by === wanderer && this.#below(2) === 0 ? this.#join(by) : this.#registerList(by);
    }
    this.#serial += 1;
    switch (this.#below(8)) {
      case 0:
      case 1:
        return this.#changeChannel(by);
      case 2:
        return this.#changeRole(by);
      case 3:
        return this.#assignRole(by);
      case 4:
        return this.#ban();
      case 5:
        return this.#mute(by);
      case 6:
        return this.#move(by);
      default:
        return this.#registerList(by);
    }
  }

  #changeChannel(by: RoomMember): Ask | null {
    const number = this.#below(CHANNELS);
    const key = keys.channel(number);
    const passwordKey = `password ${by.identity}`;
    const channel = channelOf(by, number);
    if (!this.#isKnown(key, channel === null ? null : channelValue(channel), passwordKey)) return null;
    if (channel !== null && this.#below(3) === 0) return this.#removeChannel(channel, key);
    const landing = by.call.channels.find(({ name }) => numberIn(name) === null);
    if (landing === undefined) return null;
    const name = `Channel ${number}.${this.#serial}`;
    const config = { ...landing.config, bitrate: 6_000 + this.#below(500_000), historyDays: this.#below(3) };
    const password = this.#drawPassword(channel);
    const before = channel === null ? undefined : this.#passwords.get(channel.name);
    const after = password === undefined ? before : (password ?? undefined);
    if (after !== undefined) this.#passwords.set(name, after);
    const value = values.channel(name, config.bitrate, after !== undefined);
    // A lane has one password hashed at a time.
    const holds = typeof password === 'string' ? [passwordKey] : [];
    if (channel === null) {
      const request = {
        kind: 'createChannel',
        name,
        parent: null,
        config,
        password: password ?? null,
      } as const;
      return ask('createChannel', request, [[key, value]], holds);
    }
    const kept = password === undefined ? {} : { password };
    return ask(
      'changeChannel',
      { kind: 'changeChannel', channel: channel.id, name, config, ...kept },
      [[key, value]],
      holds,
    );
  }

  #drawPassword(channel: ChannelInfo | null): string | null | undefined {
    const roll = this.#below(8);
    if (roll === 0) return `sesame ${this.#serial}`;
    return channel === null || roll === 1 ? null : undefined;
  }

  /** Only an empty one can be removed. */
  #removeChannel(channel: ChannelInfo, key: string): Ask | null {
    const { expected, wanderer } = this.#options;
    const place = keys.place(wanderer.identity);
    if (!expected.isFree(place) || expected.state.get(place) === key) return null;
    return ask('removeChannel', { kind: 'removeChannel', channel: channel.id }, [[key, null]], [place]);
  }

  #changeRole(by: RoomMember): Ask | null {
    const number = this.#below(ROLES);
    const key = keys.role(number);
    const role = roleOf(by, number);
    if (!this.#isKnown(key, role === null ? null : values.role(role.name, role.rank))) return null;
    if (role !== null && this.#below(3) === 0) return this.#removeRole(role, key);
    const name = `Role ${number}.${this.#serial}`;
    const rank = this.#below(100);
    const request: Request = { kind: 'saveRole', role: role?.id ?? null, name, rank, permissions: ['kick'] };
    return ask('saveRole', request, [[key, values.role(name, rank)]]);
  }

  /** Whoever has it loses it. */
  #removeRole(role: Role, key: string): Ask | null {
    const { expected } = this.#options;
    const bearers = Array.from(expected.state)
      .filter(([of, value]) => of.startsWith('assignment ') && value === key)
      .map(([of]) => of);
    if (!expected.isFree(...bearers)) return null;
    const sets = [key, ...bearers].map((gone): [string, null] => [gone, null]);
    return ask('removeRole', { kind: 'removeRole', role: role.id }, sets);
  }

  #assignRole(by: RoomMember): Ask | null {
    const { expected, wanderer } = this.#options;
    const number = this.#below(STRANGERS + 1);
    const identity = number === STRANGERS ? wanderer.identity : strangerIdentity('guest', number);
    const key = keys.assignment(identity);
    const roll = this.#below(ROLES + 2);
    const roleKey = keys.role(roll);
    const role = roleOf(by, roll);
    if (!expected.isFree(key) || (roll < ROLES && role === null)) return null;
    if (!this.#isKnown(roleKey, role === null ? null : values.role(role.name, role.rank))) return null;
    const builtIn = roll === ROLES ? MODERATOR_ROLE_ID : MEMBER_ROLE_ID;
    const name = BUILT_IN_ROLES.find(({ id }) => id === builtIn)?.name ?? '';
    const value = role !== null ? roleKey : builtIn === MEMBER_ROLE_ID ? null : name;
    const request = { kind: 'assignRole', identity, role: role?.id ?? builtIn } as const;
    return ask('assignRole', request, [[key, value]], [roleKey]);
  }

  #ban(): Ask | null {
    const { expected } = this.#options;
    const number = this.#below(BANS);
    const key = keys.ban(number);
    if (!expected.isFree(key)) return null;
    const known = expected.state.get(key);
    if (known !== undefined) {
      const ban = this.#bans.find(({ reason, subject }) => values.ban(reason, subject) === known);
      // One that was laid since they were listed has no number that we know.
      return ban === undefined ? null : ask('unban', { kind: 'unban', ban: ban.id }, [[key, null]]);
    }
    const subject: BanSubject =
      number % 2 === 0
        ? { kind: 'identity', identity: strangerIdentity('pest', number) }
        : { kind: 'range', range: `10.${number}.0.0/16` };
    const reason = `${number}.${this.#serial}`;
    const request = { kind: 'ban', subject, reason, seconds: null } as const;
    return ask('ban', request, [[key, values.ban(reason, subject)]]);
  }

  #mute(by: RoomMember): Ask | null {
    const { expected } = this.#options;
    const { identity } = this.#pick(this.#options.muted);
    const key = keys.mute(identity);
    const member = by.tokenOf(identity);
    if (member === null || !expected.isFree(key)) return null;
    const muted = !expected.state.has(key);
    return ask('muteForAll', { kind: 'muteForAll', member, muted }, [[key, muted ? values.muted : null]]);
  }

  #move(by: RoomMember): Ask | null {
    const { identity } = this.#options.wanderer;
    const goal = this.#drawPlace(by, identity);
    const member = by.tokenOf(identity);
    if (goal === null || member === null) return null;
    return ask('move', { kind: 'move', member, channel: goal.channel.id }, goal.sets, goal.holds);
  }

  #join(by: RoomMember): Ask | null {
    const goal = this.#drawPlace(by, by.identity);
    const passwordKey = `password ${by.identity}`;
    if (goal === null || !this.#options.expected.isFree(passwordKey)) return null;
    const { id, locked, name } = goal.channel;
    const password = this.#passwords.get(name);
    if (!locked) return ask('join', { kind: 'join', channel: id }, goal.sets, goal.holds);
    if (password === undefined) throw new Error('a channel has a password that nobody gave it');
    const holds = [...goal.holds, passwordKey];
    return ask('join with a password', { kind: 'join', channel: id, password }, goal.sets, holds);
  }

  /** Somewhere to go, which stays there until one has arrived. */
  #drawPlace(
    by: RoomMember,
    identity: string,
  ): { readonly channel: ChannelInfo; readonly sets: [string, string][]; readonly holds: string[] } | null {
    const channel = this.#pick(by.call.channels);
    const number = numberIn(channel.name);
    const place = keys.place(identity);
    if (!this.#options.expected.isFree(place)) return null;
    if (number === null) return { channel, sets: [[place, LANDING]], holds: [] };
    const goal = keys.channel(number);
    return this.#isKnown(goal, channelValue(channel))
      ? { channel, sets: [[place, goal]], holds: [goal] }
      : null;
  }

  #registerList(by: RoomMember): Ask | null {
    const { expected, members } = this.#options;
    const list = WHISPER_LIST_BIT + this.#below(LISTS);
    const key = keys.list(by.identity, list);
    if (!expected.isFree(key)) return null;
    const chosen = members.filter((member) => member !== by && this.#below(2) === 0);
    const targets: number[] = [];
    for (const { identity } of chosen) {
      const token = by.tokenOf(identity);
      if (token === null) return null;
      targets.push(token);
    }
    const value = chosen.length === 0 ? null : values.list(chosen.map(({ identity }) => identity));
    return ask('whisperList', { kind: 'whisperList', list, targets }, [[key, value]]);
  }

  /** Nothing is under way about it, and what a member was told of it is not older than what was acknowledged. */
  #isKnown(key: string, told: string | null, ...others: readonly string[]): boolean {
    const { expected } = this.#options;
    return expected.isFree(key, ...others) && (expected.state.get(key) ?? null) === told;
  }

  #below(limit: number): number {
    return Math.floor(this.#options.rng.next() * limit);
  }

  #pick<T>(all: readonly T[]): T {
    const one = all[this.#below(all.length)];
    if (one === undefined) throw new Error('there is nothing to pick from');
    return one;
  }
}

function ask(
  kind: string,
  request: Request,
  sets: readonly (readonly [string, string | null])[],
  holds: readonly string[] = [],
): Ask {
  return { request, change: { kind, sets: new Map(sets), holds } };
}

function channelOf(member: RoomMember, number: number): ChannelInfo | null {
  return member.call.channels.find(({ name }) => numberIn(name) === number) ?? null;
}

function channelValue({ name, config, locked }: ChannelInfo): string {
  return values.channel(name, config.bitrate, locked);
}

function roleOf(member: RoomMember, number: number): Role | null {
  return member.call.roles.find(({ name }) => numberIn(name) === number) ?? null;
}

/** An identity that nobody has. */
function strangerIdentity(kind: string, number: number): string {
  return createHash('sha256').update(`${kind} ${number}`).digest('base64url');
}
