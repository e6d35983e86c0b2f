import { describe, expect, it } from 'vitest';
import { appStateSchema } from '../../contract/dto.ts';
import { memberFor, simChannelConfig, simIdentity } from '../../core/sim/sim-room.ts';
import type { ChannelInfo } from '../../core/wire/channels.ts';
import type { MemberInfo } from '../../core/wire/control.ts';
import { LISTENERS_NICKNAME } from '../../core/wire/fields.ts';
import {
  ADMIN_ROLE_ID,
  BUILT_IN_ROLES,
  FIRST_CUSTOM_ROLE_ID,
  MEMBER_ROLE_ID,
  MODERATOR_ROLE_ID,
} from '../../core/wire/roles.ts';
import { type RoomFacts, viewRoom } from './room-view.ts';

const OWN = 1;

function channel(id: number, name: string, facts: Partial<ChannelInfo> = {}): ChannelInfo {
  return { id, parent: null, name, locked: false, config: simChannelConfig, ...facts };
}

/** A channel only moderators may do anything in. */
const STAFF = channel(4, 'Staff', {
  config: {
    ...simChannelConfig,
    enterRole: MODERATOR_ROLE_ID,
    speakRole: MODERATOR_ROLE_ID,
    whisperRole: MODERATOR_ROLE_ID,
    manageRole: ADMIN_ROLE_ID,
  },
});

function view(role: number, facts: Partial<RoomFacts> = {}, own: Partial<MemberInfo> = {}) {
  return viewRoom({
    ownToken: OWN,
    channels: [channel(1, 'Lobby'), STAFF],
    members: [
      memberFor(OWN, { role, nickname: 'Ada', ...own }),
      memberFor(2, { nickname: 'Bob' }),
      memberFor(3, { nickname: 'Mod', role: MODERATOR_ROLE_ID }),
    ],
    roles: BUILT_IN_ROLES,
    person: () => ({ volume: 1, mutedHere: false, verified: false }),
    talking: new Set(),
    whispering: new Set(),
    transmitting: false,
    holders: new Set(),
    safetyCode: (identity) => `code of ${identity}`,
    ...facts,
  });
}

function memberOf(shown: ReturnType<typeof view>, token: number) {
  const member = shown.members.find((candidate) => candidate.token === token);
  if (member === undefined) throw new Error(`there is no member ${token}`);
  return member;
}

describe('viewRoom, rules', () => {
  it('tells a plain member why not, for each thing', () => {
    const shown = view(MEMBER_ROLE_ID);
    expect(memberOf(shown, 2).rules).toEqual({
      move: 'Your role, Member, does not allow you to move others to another channel.',
      mute: 'Your role, Member, does not allow you to mute others for everybody.',
      kick: 'Your role, Member, does not allow you to remove others from the room.',
      ban: 'Your role, Member, does not allow you to ban others.',
      assignRole: 'Your role, Member, does not allow you to give out roles.',
      whisper: '',
    });
    expect(shown.ownRules).toEqual({
      roles: 'Your role, Member, does not allow you to give out roles.',
      channels: 'Your role, Member, does not allow you to add, change or remove channels.',
      ban: 'Your role, Member, does not allow you to ban others.',
    });
    expect(shown.channels.find(({ id }) => id === STAFF.id)?.rules).toEqual({
      enter: 'To enter Staff you need the role Moderator; yours is Member.',
      speak: 'To speak in Staff you need the role Moderator; yours is Member.',
      whisper: 'To whisper to Staff you need the role Moderator; yours is Member.',
      manage: 'To change Staff you need the role Admin; yours is Member.',
    });
  });

  it('lets a moderator act on members, and not on equals', () => {
    const shown = view(MODERATOR_ROLE_ID);
    expect(memberOf(shown, 2).rules).toMatchObject({ move: '', mute: '', kick: '' });
    expect(memberOf(shown, 2).rules.ban).toContain('does not allow you to ban');
    const equal = 'Mod has a role as high as yours (Moderator) or higher, so you cannot do that.';
    expect(memberOf(shown, 3).rules).toMatchObject({ move: equal, mute: equal, kick: equal });
    expect(shown.channels.find(({ id }) => id === STAFF.id)?.rules).toMatchObject({ enter: '', speak: '' });
  });

  it('lets an admin do everything', () => {
    const shown = view(ADMIN_ROLE_ID);
    const rules = [
      ...Object.values(memberOf(shown, 3).rules),
      ...Object.values(shown.ownRules),
      ...shown.channels.flatMap((each) => Object.values(each.rules)),
      shown.speakRule,
    ];
    expect(rules.filter((rule) => rule !== '')).toEqual([]);
  });

  it('takes a role that is no more for that of a plain member', () => {
    expect(memberOf(view(99), OWN)).toMatchObject({ role: MEMBER_ROLE_ID, roleName: 'Member' });
  });

  it('says why we cannot speak: muted for all before the rule of the channel', () => {
    expect(view(MEMBER_ROLE_ID).speakRule).toBe('');
    const inStaff = { channel: STAFF.id };
    expect(view(MEMBER_ROLE_ID, {}, inStaff).speakRule).toContain('To speak in Staff');
    const silenced = view(MEMBER_ROLE_ID, {}, { ...inStaff, mutedForAll: true });
    expect(silenced.speakRule).toBe('A moderator muted you for everybody.');
    expect(view(MEMBER_ROLE_ID, {}, { channel: null, mutedForAll: true }).speakRule).toBe('');
  });

  it('says why nobody who is in no channel, or in one that forbids it, can be whispered to', () => {
    const members = [
      memberFor(OWN),
      memberFor(2, { nickname: 'Bob', channel: null }),
      memberFor(3, { channel: STAFF.id }),
    ];
    const shown = view(MEMBER_ROLE_ID, { members });
    expect(memberOf(shown, 2).rules.whisper).toBe('Bob is in no channel, so a whisper would not arrive.');
    expect(memberOf(shown, 3).rules.whisper).toContain('To whisper to Staff');
  });
});

describe('viewRoom, channels and roles', () => {
  it('nests channels behind their parents, and knows where newcomers land', () => {
    const channels = [
      channel(7, 'Attic', { parent: 3 }),
      channel(3, 'House'),
      channel(2, 'Yard'),
      channel(9, 'Chest', { parent: 7 }),
    ];
    const shown = view(MEMBER_ROLE_ID, { channels });
    expect(shown.channels.map(({ name, depth, landing }) => [name, depth, landing])).toEqual([
      ['House', 0, false],
      ['Attic', 1, false],
      ['Chest', 2, false],
      ['Yard', 0, true],
    ]);
  });

  it('shows the highest role first, and which come with every room', () => {
    const guide = { id: FIRST_CUSTOM_ROLE_ID, name: 'Guide', rank: 20, permissions: ['move'] } as const;
    const roles = [...BUILT_IN_ROLES, { ...guide, permissions: [...guide.permissions] }];
    expect(view(MEMBER_ROLE_ID, { roles }).roles.map(({ name, builtIn }) => [name, builtIn])).toEqual([
      ['Admin', true],
      ['Moderator', true],
      ['Guide', false],
      ['Member', true],
    ]);
  });

  it('has nothing to show outside of rooms', () => {
    const shown = view(MEMBER_ROLE_ID, { ownToken: null, channels: [], members: [], roles: [] });
    expect([shown.channels, shown.members, shown.roles, shown.speakRule]).toEqual([[], [], [], '']);
  });
});

describe('viewRoom, members', () => {
  const members = [
    memberFor(OWN),
    memberFor(2),
    memberFor(3),
    memberFor(4, { channel: 4 }),
    memberFor(5, { channel: null }),
  ];
  const keys = (facts: Partial<RoomFacts>, own: Partial<MemberInfo> = {}): string[] => {
    const shown = members.map((member) => (member.token === OWN ? { ...member, ...own } : member));
    return view(MEMBER_ROLE_ID, { members: shown, ...facts }).members.map((member) => member.keys);
  };

  it('shows who holds the keys of our channel', () => {
    const holders = new Set([simIdentity(OWN), simIdentity(2), simIdentity(4)]);
    expect(keys({ holders })).toEqual(['sealed', 'sealed', 'noKey', 'elsewhere', 'elsewhere']);
    expect(keys({})).toEqual(['waiting', 'waiting', 'waiting', 'elsewhere', 'elsewhere']);
    expect(new Set(keys({ holders }, { channel: null }))).toEqual(new Set(['elsewhere']));
  });

  it('shows who talks and who whispers, ourselves by what goes out', () => {
    const facts = { talking: new Set([OWN, 2]), whispering: new Set([3]) };
    const shown = view(MEMBER_ROLE_ID, facts);
    expect(shown.members.map(({ talking }) => talking)).toEqual([false, true, false]);
    expect(shown.members.map(({ whispering }) => whispering)).toEqual([false, false, true]);
    const own = memberOf(view(MEMBER_ROLE_ID, { transmitting: true }), OWN);
    expect(own).toMatchObject({ self: true, talking: true, safetyCode: '' });
  });

  it('shows what is kept about somebody, and the code to compare', () => {
    const person = (identity: string) =>
      identity === simIdentity(2)
        ? { volume: 0.5, mutedHere: true, verified: true }
        : { volume: 1, mutedHere: false, verified: false };
    const shown = view(MEMBER_ROLE_ID, { person });
    expect(memberOf(shown, 2)).toMatchObject({
      volume: 0.5,
      mutedHere: true,
      verified: true,
      safetyCode: `code of ${simIdentity(2)}`,
    });
    expect(memberOf(shown, 3).verified).toBe(false);
  });

  it('knows who is no person, and offers nothing that only makes sense with one', () => {
    const named = (nickname: string) =>
      memberOf(
        view(ADMIN_ROLE_ID, {
          members: [memberFor(OWN, { role: ADMIN_ROLE_ID }), memberFor(2, { nickname })],
        }),
        2,
      );
    const listeners = named(LISTENERS_NICKNAME);
    expect(listeners).toMatchObject({ listeners: true, safetyCode: '' });
    const { mute, ...others } = listeners.rules;
    expect(mute).toBe('');
    for (const rule of Object.values(others)) expect(rule).toContain('is no person');
    expect(named('Bob')).toMatchObject({ listeners: false, rules: { kick: '', whisper: '' } });
  });

  it('gives what the contract asks for', () => {
    const { speakRule: _, ...shown } = view(MEMBER_ROLE_ID);
    const schema = appStateSchema.pick({ channels: true, members: true, roles: true, ownRules: true });
    expect(schema.safeParse(shown).error).toBeUndefined();
  });
});
