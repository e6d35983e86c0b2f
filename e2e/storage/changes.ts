import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Rng } from '../../src/core/base/rng.ts';
import type { RelaySnapshot, RelayStore, StoredChannel } from '../../src/core/relay/relay-store.ts';
import type { ChatMessage } from '../../src/core/wire/chat.ts';
import { FIRST_CUSTOM_ROLE_ID } from '../../src/core/wire/roles.ts';

/** Writes of a relay's store; `readHistory` is none. */
const METHODS = [
  'saveChannel',
  'removeChannel',
  'saveRole',
  'removeRole',
  'assignRole',
  'saveBan',
  'removeBan',
  'saveSession',
  'removeSession',
  'saveMessage',
  'saveDelivery',
  'removeDeliveries',
  'expireHistory',
  'audit',
] as const;
type Method = (typeof METHODS)[number];

/** One call of the store, as it can be written down. */
type Call = { [Name in Method]: readonly [Name, ...Parameters<RelayStore[Name]>] }[Method];

/** What is written in one transaction: all of it, or nothing. */
export interface Change {
  readonly kind: string;
  readonly calls: readonly Call[];
}

/** Channels of the room that is written to; the first is never removed. */
export const CHANNEL_IDS = [1, 2, 3, 4, 5, 6] as const;
const ROLE_COUNT = 6;
const PEOPLE = 24;
const MAX_BANS_KEPT = 30;
const FIRST_TOKEN = 1_000;

/** Only the names are checked: the writer's log is our own. */
const callSchema = z.custom<Call>(
  (value) => Array.isArray(value) && METHODS.some((method) => method === value[0]),
);
const changeSchema = z.object({ kind: z.string(), calls: z.array(callSchema) });

/** A change out of the writer's log. */
export function parseChange(json: string): Change {
  return changeSchema.parse(JSON.parse(json));
}

/** Makes a change. Returns when it is written. */
export function applyChange(store: RelayStore, change: Change): void {
  const [first] = change.calls;
  if (first !== undefined && change.calls.length === 1) call(store, first);
  else
    store.transaction(() => {
      for (const one of change.calls) call(store, one);
    });
}

function call(store: RelayStore, [name, ...values]: Call): void {
  // The parameters belong to the name, which TypeScript cannot follow through a union.
  const method = store[name] as (...parameters: readonly unknown[]) => void;
  method.apply(store, values);
}

/** A person of the room by number: identity, token and the like follow from it. */
function identityOf(person: number): string {
  return createHash('sha256').update(`person ${person}`).digest('base64url');
}

function tokenOf(person: number): number {
  return FIRST_TOKEN + person;
}

/** Draws changes as a busy room makes them, each valid after those before. */
export class ChangeSource {
  readonly #rng: Rng;
  readonly #template: StoredChannel;
  readonly #channels: Set<number>;
  readonly #roles: Map<number, Set<string>>;
  readonly #bans: number[];
  /** Channel and newest delivery of each person who is in the room. */
  readonly #sessions = new Map<number, { channel: number; delivered: number }>();
  #lastMessage: number;
  #lastBan: number;
  #counter = 0;

  constructor(rng: Rng, snapshot: RelaySnapshot) {
    const [template] = snapshot.channels;
    if (template === undefined) throw new Error('a room has a channel');
    this.#rng = rng;
    this.#template = template;
    this.#channels = new Set(snapshot.channels.map(({ info }) => info.id));
    this.#roles = new Map(snapshot.roles.map(({ id }) => [id, new Set<string>()]));
    for (const [identity, role] of snapshot.assignments) this.#roles.get(role)?.add(identity);
    this.#bans = snapshot.bans.map(({ id }) => id);
    for (const { token, channel, delivered } of snapshot.sessions) {
      this.#sessions.set(token - FIRST_TOKEN, { channel: channel ?? template.info.id, delivered });
    }
    // A session is not written down anew for every delivery made to it: the newest one tells.
    for (const { token, delivery } of snapshot.deliveries) {
      const session = this.#sessions.get(token - FIRST_TOKEN);
      if (session !== undefined) session.delivered = Math.max(session.delivered, delivery);
    }
    this.#lastMessage = snapshot.lastMessageId;
    this.#lastBan = snapshot.lastBanId;
  }

  next(): Change {
    this.#counter += 1;
    for (;;) {
      const calls = this.#draw();
      const [first] = calls;
      if (first !== undefined) return { kind: first[0], calls };
    }
  }

  #draw(): Call[] {
    switch (this.#below(12)) {
      case 0:
        return this.#changeChannel();
      case 1:
        return this.#changeRole();
      case 2:
        return this.#assignRole();
      case 3:
        return this.#changeBan();
      case 4:
      case 5:
        return this.#changeSession();
      case 6:
      case 7:
        return this.#acknowledge();
      case 8:
        return this.#expire();
      default:
        return this.#chat();
    }
  }

  #changeChannel(): Call[] {
    const id = this.#pick(CHANNEL_IDS);
    const occupied = [...this.#sessions.values()].some(({ channel }) => channel === id);
    if (id !== this.#template.info.id && this.#channels.has(id) && !occupied && this.#below(2) === 0) {
      this.#channels.delete(id);
      return [['removeChannel', id], this.#audit('removeChannel', id)];
    }
    this.#channels.add(id);
    const config = { ...this.#template.info.config, bitrate: 6_000 + this.#below(500_000), historyDays: 30 };
    const info = { ...this.#template.info, id, name: `Channel ${this.#counter}`, config };
    return [['saveChannel', { info, passwordHash: null }], this.#audit('changeChannel', id)];
  }

  #changeRole(): Call[] {
    const id = FIRST_CUSTOM_ROLE_ID + this.#below(ROLE_COUNT);
    const bearers = this.#roles.get(id);
    if (bearers !== undefined && this.#below(2) === 0) {
      this.#roles.delete(id);
      return [['removeRole', id], ...[...bearers].map((identity): Call => ['assignRole', identity, null])];
    }
    if (bearers === undefined) this.#roles.set(id, new Set());
    return [
      ['saveRole', { id, name: `Role ${this.#counter}`, rank: this.#below(100), permissions: ['kick'] }],
    ];
  }

  #assignRole(): Call[] {
    const identity = identityOf(this.#below(PEOPLE));
    for (const bearers of this.#roles.values()) bearers.delete(identity);
    const role = this.#pick([null, ...this.#roles.keys()]);
    if (role !== null) this.#roles.get(role)?.add(identity);
    return [['assignRole', identity, role]];
  }

  #changeBan(): Call[] {
    const [oldest] = this.#bans;
    if (oldest !== undefined && (this.#bans.length >= MAX_BANS_KEPT || this.#below(2) === 0)) {
      this.#bans.shift();
      return [['removeBan', oldest], this.#audit('unban', oldest)];
    }
    this.#lastBan += 1;
    this.#bans.push(this.#lastBan);
    const subject =
      this.#below(2) === 0
        ? ({ kind: 'identity', identity: identityOf(this.#below(PEOPLE)) } as const)
        : ({ kind: 'range', range: `10.${this.#below(256)}.0.0/16` } as const);
    const ban = {
      id: this.#lastBan,
      subject,
      nickname: '',
      reason: 'noise',
      by: 'Host',
      createdMs: this.#counter,
      untilMs: null,
    };
    return [['saveBan', ban], this.#audit('ban', this.#lastBan)];
  }

  #changeSession(): Call[] {
    const person = this.#below(PEOPLE);
    if (this.#sessions.has(person) && this.#below(4) === 0) {
      this.#sessions.delete(person);
      return [['removeSession', tokenOf(person)]];
    }
    const delivered = this.#sessions.get(person)?.delivered ?? 0;
    this.#sessions.set(person, { channel: this.#pick([...this.#channels]), delivered });
    return [this.#saveSession(person)];
  }

  #acknowledge(): Call[] {
    if (this.#sessions.size === 0) return [];
    const person = this.#pick([...this.#sessions.keys()]);
    const delivered = this.#sessions.get(person)?.delivered ?? 0;
    return [['removeDeliveries', tokenOf(person), delivered - this.#below(5)], this.#saveSession(person)];
  }

  #expire(): Call[] {
    return [['expireHistory', this.#pick([...this.#channels]), this.#lastMessage - 200]];
  }

  /** A message, its deliveries and its sender's session: one transaction, as the relay writes it. */
  #chat(): Call[] {
    if (this.#sessions.size === 0) return [];
    const sender = this.#pick([...this.#sessions.keys()]);
    const channel = this.#sessions.get(sender)?.channel ?? 0;
    this.#lastMessage += 1;
    const message: ChatMessage = {
      id: this.#lastMessage,
      from: { identity: identityOf(sender), nickname: `Person ${sender}` },
      to: { kind: 'channel', channel },
      text: `${this.#lastMessage} ${'text '.repeat(this.#below(400))}.`,
      sentMs: this.#lastMessage,
    };
    const calls: Call[] = [['saveMessage', message]];
    for (const [person, session] of this.#sessions) {
      if (session.channel !== channel || person === sender) continue;
      session.delivered += 1;
      calls.push(['saveDelivery', { token: tokenOf(person), delivery: session.delivered, message }]);
    }
    calls.push(this.#saveSession(sender));
    return calls;
  }

  #saveSession(person: number): Call {
    const { channel, delivered } = this.#sessions.get(person) ?? { channel: null, delivered: 0 };
    return [
      'saveSession',
      {
        token: tokenOf(person),
        identity: identityOf(person),
        nickname: `Person ${person}`,
        resumeHash: identityOf(this.#counter),
        previousResumeHash: this.#below(2) === 0 ? null : identityOf(this.#counter - 1),
        whisperKey: { key: identityOf(this.#counter), signature: 'A'.repeat(86) },
        channel,
        muted: this.#below(2) === 0,
        deafened: false,
        mutedForAll: false,
        whisperLists: this.#below(4) === 0 ? [{ list: 0x8000_0000, targets: [tokenOf(1)] }] : [],
        chatTaken: this.#counter,
        delivered,
        heldSinceMs: null,
      },
    ];
  }

  #audit(action: string, subject: number): Call {
    return ['audit', { atMs: this.#counter, by: '', action, subject: String(subject), reason: '' }];
  }

  #below(limit: number): number {
    return Math.floor(this.#rng.next() * limit);
  }

  #pick<T>(values: readonly T[]): T {
    const value = values[this.#below(values.length)];
    if (value === undefined) throw new Error('there is nothing to pick from');
    return value;
  }
}
