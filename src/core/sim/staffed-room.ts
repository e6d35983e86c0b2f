import type { RelayOptions } from '../relay/relay-options.ts';
import type { StoredChannel } from '../relay/relay-store.ts';
import type { ChannelConfig } from '../wire/channels.ts';
import type { RelayMessage } from '../wire/control.ts';
import type { Mac } from '../wire/probe.ts';
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

  /** The member as a newcomer is told of it; undefined when it is not in the room. */
  memberNow(token: number): Extract<RelayMessage, { type: 'welcome' }>['members'][number] | undefined {
    const watcher = this.admit(`Watcher ${this.nowMs} ${token}`, { address: '198.51.100.99' });
    this.say(watcher.lane, { type: 'bye' });
    return watcher.welcome.members.find((member) => member.token === token);
  }
}
