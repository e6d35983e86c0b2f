import type { Channel, Member } from '../../contract/dto.ts';

/** A member with nothing special about them, for scenes and tests. */
export function someMember(part: Partial<Member> = {}): Member {
  return {
    token: 1,
    identity: 'identity-1',
    nickname: 'Ann',
    self: false,
    listeners: false,
    channel: 1,
    role: 1,
    roleName: 'Member',
    talking: false,
    whispering: false,
    muted: false,
    deafened: false,
    mutedForAll: false,
    mutedHere: false,
    reconnecting: false,
    volume: 1,
    keys: 'sealed',
    safetyCode: '04512 99301 55820 17764 30029 88145 61207 40953 72618 11890 26477 53304',
    verified: false,
    rules: { move: '', mute: '', kick: '', ban: '', assignRole: '', whisper: '' },
    ...part,
  };
}

/** A channel with nothing special about it, for scenes and tests. */
export function someChannel(part: Partial<Channel> = {}): Channel {
  return {
    id: 1,
    parent: null,
    depth: 0,
    name: 'Lobby',
    locked: false,
    landing: false,
    config: {
      bitrate: 32_000,
      frameSamples: 960,
      redundancyCopies: 1,
      maxMembers: 200,
      listeners: false,
      enterRole: 1,
      speakRole: 1,
      whisperRole: 1,
      manageRole: 3,
      historyDays: 0,
    },
    rules: { enter: '', speak: '', whisper: '', manage: '' },
    ...part,
  };
}
