import { bytesToBase64Url } from '../base/base64url.ts';
import type { RelaySnapshot } from '../relay/relay-store.ts';
import type { ChannelConfig, ChannelInfo } from '../wire/channels.ts';
import type { MemberInfo } from '../wire/control.ts';
import { MEMBER_ROLE_ID, MODERATOR_ROLE_ID } from '../wire/roles.ts';

/** Channels of simulated rooms: anybody may do anything in them, but not change them. */
export const simChannelConfig: ChannelConfig = Object.freeze({
  bitrate: 32_000,
  frameSamples: 960,
  redundancyCopies: 0,
  maxMembers: 50,
  listeners: false,
  enterRole: MEMBER_ROLE_ID,
  speakRole: MEMBER_ROLE_ID,
  whisperRole: MEMBER_ROLE_ID,
  manageRole: MODERATOR_ROLE_ID,
  historyDays: 0,
});

/** Two channels, so that people can be apart. */
export const simChannels: readonly ChannelInfo[] = [
  { id: 1, parent: null, name: 'Lobby', locked: false, config: simChannelConfig },
  { id: 2, parent: null, name: 'Kitchen', locked: false, config: simChannelConfig },
];

/** Something that has the shape of a whisper key, and opens nothing. */
export const shapeOfWhisperKey = Object.freeze({ key: 'A'.repeat(43), signature: 'A'.repeat(86) });

/** An identity for tests that sign nothing: each number has one of its own. */
export function simIdentity(number: number): string {
  const bytes = new Uint8Array(32);
  for (let at = 0; at < 4; at += 1) bytes[at] = (number >>> (8 * at)) & 0xff;
  return bytesToBase64Url(bytes);
}

/** A member under `token` in the first channel, as a relay tells it. */
export function memberFor(token: number, facts: Partial<MemberInfo> = {}): MemberInfo {
  return {
    token,
    identity: simIdentity(token),
    nickname: `Member ${token}`,
    channel: 1,
    role: MEMBER_ROLE_ID,
    muted: false,
    deafened: false,
    mutedForAll: false,
    reconnecting: false,
    whisperKey: shapeOfWhisperKey,
    ...facts,
  };
}

/** What the store of a relay that was never started holds: the two channels. */
export function freshSnapshot(): RelaySnapshot {
  return {
    config: null,
    channels: simChannels.map((info) => ({ info, passwordHash: null })),
    roles: [],
    assignments: new Map(),
    bans: [],
    sessions: [],
    deliveries: [],
    lastRoleId: 0,
    lastMessageId: 0,
    lastBanId: 0,
  };
}
