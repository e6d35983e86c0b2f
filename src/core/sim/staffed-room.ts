import type { RelayOptions } from '../relay/relay-options.ts';
import type { LaneId } from '../relay/relay-out.ts';
import type { StoredChannel } from '../relay/relay-store.ts';
import type { ChannelConfig } from '../wire/channels.ts';
import type { RelayMessage, Request } from '../wire/control.ts';
import type { Mac } from '../wire/probe.ts';
import type { RefusalCode } from '../wire/refusal.ts';
import { ADMIN_ROLE_ID, MODERATOR_ROLE_ID } from '../wire/roles.ts';
import { type Arrival, type RecordedMember, RecordedRelay } from './recorded-relay.ts';
import { freshSnapshot, simChannelConfig } from './sim-room.ts';
import { ToyEntrant } from './toy-entrant.ts';
import { toyPasswordHash } from './toy-passwords.ts';
import { ToySignatures } from './toy-signatures.ts';

/** Channels of a staffed room. */
export const LOBBY = 1;
export const KITCHEN = 2;
/** For moderators and above. */
export const ATTIC = 3;
/** Inside the kitchen, behind the password `sesame`. */
export const CELLAR = 4;
/** For one at a time. */
export const CLOSET = 5;
/** Keeps what is said for a day. */
export const LIBRARY = 6;

/** The password of the cellar. */
export const SESAME = 'sesame';

function channel(
  id: number,
  name: string,
  config: Partial<ChannelConfig> = {},
  parent: number | null = null,
  password: string | null = null,
): StoredChannel {
  const full = { ...simChannelConfig, manageRole: ADMIN_ROLE_ID, ...config };
  const info = { id, parent, name, locked: password !== null, config: full };
  return { info, passwordHash: password === null ? null : toyPasswordHash(password) };
}

/** A recorded relay with staff and doors: Olga owns it, Mona is its moderator, whoever else comes is a plain member. */
export class StaffedRoom extends RecordedRelay {
  constructor(mac: Mac, options: Omit<Partial<RelayOptions>, 'store'> = {}) {
    const identity = (seed: string): string => new ToyEntrant(new ToySignatures(mac), seed).identity;
    super({
      mac,
      ownerIdentity: identity('Olga'),
      snapshot: {
        ...freshSnapshot(),
        channels: [
          channel(LOBBY, 'Lobby'),
          channel(KITCHEN, 'Kitchen'),
          channel(ATTIC, 'Attic', { enterRole: MODERATOR_ROLE_ID }),
          channel(CELLAR, 'Cellar', {}, KITCHEN, SESAME),
          channel(CLOSET, 'Closet', { maxMembers: 1 }),
          channel(LIBRARY, 'Library', { historyDays: 1 }),
        ],
        assignments: new Map([[identity('Mona'), MODERATOR_ROLE_ID]]),
      },
      ...options,
    });
  }

  /** Somebody who is let in. */
  admit(nickname: string, arrival: Arrival = {}): RecordedMember {
    const member = this.enter(nickname, arrival);
    if (member === null) throw new Error(`${nickname} was refused`);
    return member;
  }

  /** What stands in the newest welcome, to go on with that session. */
  ticket(member: RecordedMember, chatSeen = 0): NonNullable<Arrival['resume']> {
    return { token: member.token, secret: member.welcome.resumeSecret, chatSeen };
  }

  /** Forgets what was said to anybody so far. */
  hush(): void {
    this.messages.clear();
  }

  /** What was said to a lane, but for the exchange of keys, which nobody here takes part in. */
  override take(lane: LaneId): RelayMessage[] {
    const keyMessages: readonly RelayMessage['type'][] = ['keyPackageWanted', 'commitWanted'];
    return super.take(lane).filter((message) => !keyMessages.includes(message.type));
  }

  /** Says something in a channel. */
  write(from: RecordedMember, id: number, text: string, to = LOBBY): void {
    this.say(from.lane, { type: 'chat', id, to: { kind: 'channel', channel: to }, text });
  }

  /** Says something to one person. */
  tell(from: RecordedMember, id: number, text: string, to: RecordedMember): void {
    this.say(from.lane, { type: 'chat', id, to: { kind: 'member', identity: to.identity }, text });
  }

  /** Lets time pass in which these members stay awake. */
  wait(members: readonly RecordedMember[], durationMs: number): void {
    const stepMs = 10_000;
    for (let passedMs = 0; passedMs < durationMs; passedMs += stepMs) {
      this.pass(Math.min(stepMs, durationMs - passedMs));
      for (const member of members) this.say(member.lane, { type: 'ping', id: 0 });
    }
  }

  /** What a request is answered with, a second after whatever was before. Its number is 7. */
  answerTo(member: RecordedMember, request: Request): RelayMessage | undefined {
    this.pass(1_000);
    this.say(member.lane, { type: 'ping', id: 0 });
    return this.ask(member.lane, 7, request).find(
      (message) => message.type === 'done' || message.type === 'refused',
    );
  }
}

/** The answer to request 7 when it was done. */
export const DONE_7: RelayMessage = Object.freeze({ type: 'done', id: 7 });

/** The answer to request 7 when it was refused. */
export function refused7(code: RefusalCode, rule: object | null = null): object {
  return { type: 'refused', code, rule, request: 7, chat: null };
}
