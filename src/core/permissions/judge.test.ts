import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChannelInfo } from '../wire/channels.ts';
import {
  ADMIN_ROLE_ID,
  BUILT_IN_ROLES,
  MAX_RANK,
  MEMBER_ROLE_ID,
  MODERATOR_ROLE_ID,
  permissionSchema,
  type Role,
} from '../wire/roles.ts';
import { channelActionSchema, ruleSchema } from '../wire/rule.ts';
import {
  asksForPassword,
  bearerRole,
  isBuiltIn,
  judgeChannelAction,
  judgeNewChannel,
  judgePermission,
  judgeRank,
  judgeRolePermissions,
  judgeRoleRank,
  judgeSpace,
  requiredRank,
} from './judge.ts';

const builder: Role = { id: 20, name: 'Builder', rank: 10, permissions: ['channels'] };
const chief: Role = { id: 21, name: 'Chief', rank: MAX_RANK, permissions: [] };
const roles: readonly Role[] = [...BUILT_IN_ROLES, builder, chief];
const member = bearerRole(MEMBER_ROLE_ID, roles);
const moderator = bearerRole(MODERATOR_ROLE_ID, roles);
const admin = bearerRole(ADMIN_ROLE_ID, roles);
const UNKNOWN_ROLE_ID = 99;

function channelWith(config: Partial<ChannelInfo['config']> = {}, locked = false): ChannelInfo {
  return {
    id: 7,
    parent: null,
    name: 'Attic',
    locked,
    config: {
      bitrate: 32_000,
      frameSamples: 960,
      redundancyCopies: 0,
      maxMembers: 3,
      listeners: false,
      enterRole: MEMBER_ROLE_ID,
      speakRole: MEMBER_ROLE_ID,
      whisperRole: MEMBER_ROLE_ID,
      manageRole: ADMIN_ROLE_ID,
      historyDays: 0,
      ...config,
    },
  };
}

describe('what a channel asks a role for', () => {
  test.each(channelActionSchema.options)('%s: at least the rank of the role it names', (action) => {
    const channel = channelWith({ [`${action}Role`]: MODERATOR_ROLE_ID });
    expect(judgeChannelAction(action, channel, moderator, roles)).toEqual({ ok: true });
    expect(judgeChannelAction(action, channel, admin, roles)).toEqual({ ok: true });
    expect(judgeChannelAction(action, channel, member, roles)).toEqual({
      ok: false,
      rule: { kind: 'role', action, channel: 'Attic', required: 'Moderator', own: 'Member' },
    });
  });

  test('a role that is no more counts as admin, and its bearer as a plain member', () => {
    const channel = channelWith({ enterRole: UNKNOWN_ROLE_ID });
    expect(requiredRank(UNKNOWN_ROLE_ID, roles)).toBe(MAX_RANK);
    expect(judgeChannelAction('enter', channel, moderator, roles)).toMatchObject({
      rule: { required: 'Admin' },
    });
    expect(judgeChannelAction('enter', channel, chief, roles).ok).toBe(true);
    expect(bearerRole(UNKNOWN_ROLE_ID, roles)).toBe(member);
  });

  test('whoever may change channels in the whole room may change this one, and make others in it', () => {
    const channel = channelWith();
    expect(judgeChannelAction('manage', channel, builder, roles).ok).toBe(true);
    expect(judgeChannelAction('manage', channel, moderator, roles).ok).toBe(false);
    expect(judgeNewChannel(channel, builder, roles).ok).toBe(true);
    expect(judgeNewChannel(channelWith({ manageRole: MEMBER_ROLE_ID }), member, roles).ok).toBe(true);
    expect(judgeNewChannel(null, builder, roles).ok).toBe(true);
    expect(judgeNewChannel(null, moderator, roles)).toMatchObject({
      rule: { kind: 'permission', permission: 'channels', own: 'Moderator' },
    });
  });

  test('its limit holds for everybody', () => {
    const channel = channelWith();
    expect(judgeSpace(channel, 2)).toEqual({ ok: true });
    expect(judgeSpace(channel, 3)).toEqual({
      ok: false,
      rule: { kind: 'channelFull', channel: 'Attic', limit: 3 },
    });
  });

  test('its password is asked of those who cannot change it', () => {
    expect(asksForPassword(channelWith({}, true), member, roles)).toBe(true);
    expect(asksForPassword(channelWith({}, true), builder, roles)).toBe(false);
    expect(asksForPassword(channelWith({}, false), member, roles)).toBe(false);
  });
});

describe('rank', () => {
  const target = (rank: number, owner = false) => ({ name: 'Ben', rank, owner });

  test('nobody acts on an equal or higher one, except admins', () => {
    expect(judgeRank('kick', moderator, target(49)).ok).toBe(true);
    for (const rank of [50, 51, 100]) {
      expect(judgeRank('kick', moderator, target(rank))).toEqual({
        ok: false,
        rule: { kind: 'rank', target: 'Ben', own: 'Moderator' },
      });
    }
    expect(judgeRank('kick', admin, target(MAX_RANK)).ok).toBe(true);
    expect(judgeRank('kick', chief, target(MAX_RANK)).ok).toBe(true);
  });

  test('the owner is neither removed nor demoted by anybody', () => {
    for (const act of ['kick', 'ban', 'assignRole'] as const) {
      expect(judgeRank(act, admin, target(MAX_RANK, true)).ok).toBe(false);
    }
    for (const act of ['move', 'mute'] as const) {
      expect(judgeRank(act, admin, target(MAX_RANK, true)).ok).toBe(true);
    }
  });

  test('holds for roles as well', () => {
    expect(judgeRoleRank(moderator, builder).ok).toBe(true);
    expect(judgeRoleRank(moderator, moderator)).toMatchObject({ rule: { target: 'Moderator' } });
    expect(judgeRoleRank(admin, chief).ok).toBe(true);
    expect(isBuiltIn(MODERATOR_ROLE_ID)).toBe(true);
    expect(isBuiltIn(builder.id)).toBe(false);
  });

  test('nobody hands on a permission without having it', () => {
    expect(judgeRolePermissions(moderator, ['kick', 'mute']).ok).toBe(true);
    expect(judgeRolePermissions(moderator, ['kick', 'ban'])).toMatchObject({ rule: { permission: 'ban' } });
    expect(judgeRolePermissions(chief, permissionSchema.options).ok).toBe(true);
  });
});

test('every no is a rule that travels, and admins hear none but of space and of the owner', () => {
  const anyRole = fc.constantFrom(...roles);
  const roleId = fc.constantFrom(...roles.map((role) => role.id), UNKNOWN_ROLE_ID);
  fc.assert(
    fc.property(
      anyRole,
      fc.record({ enterRole: roleId, speakRole: roleId, whisperRole: roleId, manageRole: roleId }),
      fc.constantFrom(...channelActionSchema.options),
      fc.constantFrom(...permissionSchema.options),
      fc.nat(MAX_RANK),
      (role, config, action, permission, rank) => {
        const verdicts = [
          judgeChannelAction(action, channelWith(config), role, roles),
          judgePermission(permission, role),
          judgeRank('move', role, { name: 'Ben', rank, owner: false }),
          judgeRoleRank(role, { name: 'Chief', rank }),
        ];
        for (const verdict of verdicts) {
          if (!verdict.ok) expect(ruleSchema.safeParse(verdict.rule).success).toBe(true);
          if (role.rank === MAX_RANK) expect(verdict.ok).toBe(true);
        }
      },
    ),
  );
});
