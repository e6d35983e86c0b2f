import type { ChatEntry, Conversation } from '../../contract/chat.ts';
import type { Channel, Member, Role } from '../../contract/dto.ts';
import { someChannel, someMember } from './some-member.ts';

const NO_RIGHT = 'Your role, Member, does not allow you to do that.';

/** Rules that say yes to everything, or no. */
const freely = { move: '', mute: '', kick: '', ban: '', assignRole: '', whisper: '' };

/** The roles of a made-up room, highest rank first. */
export const roles: Role[] = [
  {
    id: 3,
    name: 'Admin',
    rank: 100,
    permissions: ['move', 'mute', 'kick', 'ban', 'channels', 'roles'],
    builtIn: true,
  },
  { id: 2, name: 'Moderator', rank: 50, permissions: ['move', 'mute', 'kick'], builtIn: true },
  { id: 16, name: 'Speaker', rank: 20, permissions: [], builtIn: false },
  { id: 1, name: 'Member', rank: 0, permissions: [], builtIn: true },
];

const base = someChannel();

/** Channels of a made-up room, in tree order. */
export const channels: Channel[] = [
  someChannel({ id: 1, name: 'Lobby', landing: true, config: { ...base.config, historyDays: 7 } }),
  someChannel({ id: 2, name: 'Workshop', config: { ...base.config, maxMembers: 8 } }),
  someChannel({ id: 3, parent: 2, depth: 1, name: 'Two at the bench', locked: true }),
  someChannel({ id: 4, parent: 3, depth: 2, name: 'Deep work' }),
  someChannel({
    id: 5,
    name: 'Stage',
    config: { ...base.config, bitrate: 96_000, listeners: true, speakRole: 16 },
    rules: {
      enter: '',
      speak: 'To speak in Stage you need the role Speaker; yours is Member.',
      whisper: '',
      manage: '',
    },
  }),
  someChannel({
    id: 6,
    name: 'Crew only',
    locked: true,
    config: { ...base.config, enterRole: 2 },
    rules: {
      enter: 'To enter Crew only you need the role Moderator; yours is Member.',
      speak: '',
      whisper: '',
      manage: 'To change Crew only you need the role Admin; yours is Member.',
    },
  }),
];

/** The same room for somebody who may do nothing. */
export const ruledChannels: Channel[] = channels.map((channel) => ({
  ...channel,
  rules: { ...channel.rules, manage: `To change ${channel.name} you need the role Admin; yours is Member.` },
}));

function member(token: number, nickname: string, part: Partial<Member> = {}): Member {
  const elsewhere = part.channel !== undefined && part.channel !== 1;
  return someMember({
    token,
    nickname,
    identity: `identity-${token}`,
    rules: freely,
    keys: elsewhere ? 'elsewhere' : 'sealed',
    ...part,
  });
}

/** People of a made-up room, each with something else to show. */
export const people: Member[] = [
  member(1, 'Ada Lovelace', { self: true, role: 3, roleName: 'Admin', safetyCode: '' }),
  member(2, 'Grace', { talking: true, verified: true, role: 2, roleName: 'Moderator' }),
  member(3, 'Jean-Luc', { muted: true, volume: 0.35 }),
  member(4, 'Mei', { keys: 'waiting' }),
  member(5, 'Łukasz Żółć', { keys: 'noKey' }),
  member(6, 'محمد', { channel: 2, talking: true }),
  member(7, 'Zoë', { channel: 2, mutedForAll: true, muted: true }),
  member(8, 'Wolfeschlegelsteinhausenberge', { channel: 4, deafened: true, muted: true, volume: 2 }),
  member(9, 'guest 10', { channel: 5, reconnecting: true }),
  member(10, 'guest 2', { channel: 5, mutedHere: true, role: 16, roleName: 'Speaker' }),
];

/** The same people for somebody who may do nothing to them. */
export const ruledPeople: Member[] = people.map((one) => ({
  ...one,
  role: one.self ? 1 : one.role,
  roleName: one.self ? 'Member' : one.roleName,
  rules: { move: NO_RIGHT, mute: NO_RIGHT, kick: NO_RIGHT, ban: NO_RIGHT, assignRole: NO_RIGHT, whisper: '' },
}));

/** 20 channels with 50 people. */
export const manyChannels: Channel[] = Array.from({ length: 20 }, (_, index) =>
  someChannel({
    id: index + 1,
    name: index === 7 ? 'A channel with a name that is as long as names may be here' : `Channel ${index + 1}`,
    parent: index % 4 === 0 ? null : index - (index % 4) + 1,
    depth: index % 4 === 0 ? 0 : 1,
    landing: index === 0,
  }),
);
export const manyPeople: Member[] = Array.from({ length: 50 }, (_, index) =>
  member(
    index + 1,
    `${index % 9 === 4 ? '李小龙' : (people[index % people.length]?.nickname ?? '')} ${index}`,
    {
      self: index === 0,
      channel: ((index * 7) % 20) + 1,
      talking: index % 9 === 0,
      keys: 'elsewhere',
    },
  ),
);

const MINUTE_MS = 60_000;
const nowMs = Date.now();

function message(minutesAgo: number, from: number, text: string, part: Partial<ChatEntry> = {}): ChatEntry {
  const author = people[from - 1];
  const sentMs = nowMs - minutesAgo * MINUTE_MS;
  return {
    key: `message-${minutesAgo}`,
    order: sentMs,
    own: from === 1,
    nickname: author?.nickname ?? '',
    identity: author?.identity ?? '',
    text,
    sentMs,
    state: 'delivered',
    problem: '',
    ...part,
  };
}

/** What was written in the made-up room. */
export const conversations: Conversation[] = [
  {
    target: { kind: 'channel', channel: 1 },
    title: 'Lobby',
    more: true,
    entries: [
      message(
        42,
        2,
        'The notes of last Sunday are at https://notes.example/2031/may?view=all (all of them).',
      ),
      message(41, 2, 'Who brings the microphone?'),
      message(30, 4, 'Me. <b>Not bold</b>, and http://\u0430pple.example is not what it looks like.'),
      message(12, 6, 'مرحبا بالجميع: سأتأخر قليلا اليوم'),
      message(5, 1, 'Then we start at eight.\n- sound check\n- the long version of the second one'),
      message(2, 1, 'Can everybody hear me?', {
        state: 'failed',
        problem: 'You were not in the channel any more.',
      }),
      message(1, 1, 'I am on the train, one minute…', { state: 'pending' }),
    ],
  },
  {
    target: { kind: 'member', identity: 'identity-2' },
    title: 'Grace',
    more: false,
    entries: [message(8, 2, 'Shall we compare codes?')],
  },
];
