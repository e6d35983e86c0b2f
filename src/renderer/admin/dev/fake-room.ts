import type {
  Account,
  AdminBan,
  AdminChannel,
  AdminMember,
  AdminRole,
  AdminRoom,
  AuditLine,
} from '../../../contract/admin.ts';

/** When everything in here was made: 1 May 2031, 12:00 UTC. */
export const FAKE_EPOCH_MS = Date.UTC(2031, 4, 1, 12);

/** Whoever runs the made-up room, and their password. */
export const FAKE_ADMIN = 'ada';
export const FAKE_PASSWORD = 'a bench and a lamp';

/** Somebody who may only move and mute. */
export const FAKE_MODERATOR = 'grace';

/** The code for the first account. */
export const FAKE_CODE = 'AMBER-LAMP-48480';

export const fakeRoles: readonly AdminRole[] = [
  { id: 1, name: 'Member', rank: 0, permissions: [] },
  { id: 2, name: 'Moderator', rank: 50, permissions: ['move', 'mute', 'kick'] },
  {
    id: 3,
    name: 'Admin',
    rank: 100,
    permissions: ['move', 'mute', 'kick', 'ban', 'channels', 'roles'],
  },
  { id: 16, name: 'Usher', rank: 20, permissions: ['move'] },
];

const config: AdminChannel['config'] = {
  bitrate: 32_000,
  frameSamples: 960,
  redundancyCopies: 1,
  maxMembers: 200,
  listeners: false,
  enterRole: 1,
  speakRole: 1,
  whisperRole: 1,
  manageRole: 3,
  historyDays: 7,
};

export const fakeChannels: readonly AdminChannel[] = [
  { id: 1, parent: null, name: 'Lobby', locked: false, config },
  { id: 2, parent: null, name: 'Workshop', locked: false, config: { ...config, maxMembers: 8 } },
  { id: 3, parent: 2, name: 'Two at the bench', locked: true, config: { ...config, maxMembers: 2 } },
  {
    id: 4,
    parent: null,
    name: 'Concert hall with a name that hardly fits',
    locked: false,
    config: { ...config, bitrate: 96_000, listeners: true, historyDays: 0 },
  },
];

/** As long as a real one, and made of the same letters. */
export function fakeIdentity(token: number): string {
  return String(token).padStart(43, 'A');
}

/** One member of the made-up room; what is not said is as with most. */
export function fakeMember(token: number, nickname: string, part: Partial<AdminMember> = {}): AdminMember {
  return {
    token,
    identity: fakeIdentity(token),
    nickname,
    channel: 1,
    role: 1,
    muted: false,
    deafened: false,
    mutedForAll: false,
    reconnecting: false,
    bot: false,
    listeners: false,
    ...part,
  };
}

const members: readonly AdminMember[] = [
  fakeMember(1, 'Ada Lovelace', { role: 3 }),
  fakeMember(2, 'Grace', { role: 2 }),
  fakeMember(3, 'Jean-Luc', { muted: true }),
  fakeMember(4, 'Łukasz Żółć', { channel: 2, mutedForAll: true }),
  fakeMember(5, 'محمد', { channel: 2, deafened: true, muted: true }),
  fakeMember(6, 'A name that is so long that it does not fit', { channel: 4, reconnecting: true }),
  fakeMember(7, 'Zoë', { channel: null, role: 16 }),
  fakeMember(90_004, 'Listeners', { channel: 4, listeners: true }),
];

/** Many people, and bots in the first channel: a room that is full. */
export function fakeCrowd(people: number, bots: number): AdminMember[] {
  return [
    ...members,
    ...Array.from({ length: people }, (_, index) =>
      fakeMember(100 + index, `Guest ${index + 1}`, { channel: (index % 4) + 1 }),
    ),
    ...Array.from({ length: bots }, (_, index) =>
      fakeMember(10_000 + index, `Bot ${index + 1}`, { bot: true, channel: 1 }),
    ),
  ];
}

export function fakeRoom(): AdminRoom {
  return {
    name: 'Ada’s room',
    maxMembers: 200,
    channels: [...fakeChannels],
    members: [...members],
    roles: [...fakeRoles],
  };
}

export const fakeAccounts: readonly (Account & { readonly password: string })[] = [
  { name: FAKE_ADMIN, role: 3, createdMs: FAKE_EPOCH_MS - 86_400_000, password: FAKE_PASSWORD },
  { name: FAKE_MODERATOR, role: 2, createdMs: FAKE_EPOCH_MS - 3_600_000, password: FAKE_PASSWORD },
];

export const fakeBans: readonly AdminBan[] = [
  {
    id: 2,
    subject: { kind: 'identity', identity: 'kV9mXw2b7TqLr4Zs0AeHc8uYdJf5nGpR1iKoQ3tWvBM' },
    nickname: 'Loud One',
    reason: 'Played music over everybody',
    by: 'account:ada',
    createdMs: FAKE_EPOCH_MS - 7_200_000,
    untilMs: null,
  },
  {
    id: 1,
    subject: { kind: 'range', range: '203.0.113.0/24' },
    nickname: '',
    reason: '',
    by: fakeIdentity(1),
    createdMs: FAKE_EPOCH_MS - 9_000_000,
    untilMs: FAKE_EPOCH_MS + 86_400_000,
  },
];

/** A log that does not fit one page. */
export function fakeAudit(count: number): AuditLine[] {
  const actions = ['login', 'move', 'kick', 'mute', 'createChannel', 'ban', 'assignRole'];
  return Array.from({ length: count }, (_, index) => {
    const id = count - index;
    return {
      id,
      atMs: FAKE_EPOCH_MS - index * 61_000,
      by: ['account:ada', fakeIdentity(2), ''][id % 3] ?? '',
      action: actions[id % actions.length] ?? '',
      subject: id % 2 === 0 ? fakeIdentity(3) : String(id),
      reason: id % 5 === 0 ? 'Because the log must show a reason here and there' : '',
    };
  });
}
