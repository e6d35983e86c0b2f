import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { RecordedMember } from '../sim/recorded-relay.ts';
import { ATTIC, DONE_7, KITCHEN, refused7, StaffedRoom } from '../sim/staffed-room.ts';
import type { Request } from '../wire/control.ts';
import {
  ADMIN_ROLE_ID,
  FIRST_CUSTOM_ROLE_ID,
  MAX_ROLES,
  MEMBER_ROLE_ID,
  MODERATOR_ROLE_ID,
} from '../wire/roles.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

const GUARD = FIRST_CUSTOM_ROLE_ID;

const saveGuard = (changes: object = {}): Request => ({
  kind: 'saveRole',
  role: null,
  name: 'Guard',
  rank: 40,
  permissions: ['roles', 'mute'],
  ...changes,
});
const assign = (member: RecordedMember, role: number): Request => ({
  kind: 'assignRole',
  identity: member.identity,
  role,
});

interface Staff {
  readonly room: StaffedRoom;
  readonly olga: RecordedMember;
  readonly anna: RecordedMember;
  readonly ben: RecordedMember;
}

/** Anna is a guard, who may give out roles. */
function startRoom(): Staff {
  const room = new StaffedRoom(mac);
  const [olga, anna, ben] = [room.admit('Olga'), room.admit('Anna'), room.admit('Ben')];
  expect(room.answerTo(olga, saveGuard())).toEqual(DONE_7);
  expect(room.answerTo(olga, assign(anna, GUARD))).toEqual(DONE_7);
  room.hush();
  return { room, olga, anna, ben };
}

describe('roles', () => {
  test('are told to everybody when they change, and to newcomers', () => {
    const { room, olga, ben } = startRoom();
    expect(room.answerTo(olga, saveGuard({ role: GUARD, name: 'Watch' }))).toEqual(DONE_7);
    const role = { id: GUARD, name: 'Watch', rank: 40, permissions: ['roles', 'mute'] };
    expect(room.take(ben.lane)).toEqual([{ type: 'roles', roles: expect.arrayContaining([role]) }]);
    room.restart();
    expect(room.admit('Cleo').welcome.roles.at(-1)).toEqual(role);
  });

  test('are given out, to those away as well, and last over a restart', () => {
    const { room, olga, anna, ben } = startRoom();
    const told = expect.objectContaining({ token: ben.token, role: MODERATOR_ROLE_ID });
    expect(room.answerTo(olga, assign(ben, MODERATOR_ROLE_ID))).toEqual(DONE_7);
    expect(room.take(anna.lane)).toEqual([{ type: 'memberChanged', member: told }]);
    expect(room.answerTo(ben, { kind: 'join', channel: ATTIC })).toEqual(DONE_7);
    const { identity } = room.entrant('Dora');
    expect(room.answerTo(olga, { kind: 'assignRole', identity, role: MODERATOR_ROLE_ID })).toEqual(DONE_7);
    room.restart();
    expect(room.admit('Dora').welcome.members.at(-1)).toMatchObject({ role: MODERATOR_ROLE_ID });
    const olga2 = room.admit('Olga');
    expect(room.answerTo(olga2, { kind: 'assignRole', identity, role: MEMBER_ROLE_ID })).toEqual(DONE_7);
    expect(room.store.snapshot().assignments.has(identity)).toBe(false);
    expect(room.answerTo(olga2, { kind: 'assignRole', identity, role: 99 })).toEqual(
      refused7('unknownRole', null),
    );
  });

  test('of a rank as high as the own are neither given out nor changed, and nobody of that rank is touched', () => {
    const { room, olga, anna, ben } = startRoom();
    const rank = (target: string) => refused7('notAllowed', { kind: 'rank', target, own: 'Guard' });
    expect(room.answerTo(anna, assign(ben, GUARD))).toEqual(rank('Guard'));
    expect(room.answerTo(anna, assign(ben, ADMIN_ROLE_ID))).toEqual(rank('Admin'));
    expect(room.answerTo(anna, saveGuard({ role: GUARD, rank: 10 }))).toEqual(rank('Guard'));
    expect(room.answerTo(anna, saveGuard({ name: 'Boss' }))).toEqual(rank('Boss'));
    expect(room.answerTo(anna, { kind: 'removeRole', role: GUARD })).toEqual(rank('Guard'));
    room.answerTo(olga, assign(ben, GUARD));
    expect(room.answerTo(anna, assign(ben, MEMBER_ROLE_ID))).toEqual(rank('Ben'));
    expect(room.answerTo(anna, saveGuard({ rank: 39 }))).toEqual(DONE_7);
    expect(room.answerTo(anna, saveGuard({ rank: 39, permissions: ['ban'] }))).toEqual(
      refused7('notAllowed', { kind: 'permission', permission: 'ban', own: 'Guard' }),
    );
    expect(room.answerTo(anna, { kind: 'removeRole', role: GUARD + 1 })).toEqual(DONE_7);
  });

  test('need the permission', () => {
    const { room, ben } = startRoom();
    const rule = { kind: 'permission', permission: 'roles', own: 'Member' };
    for (const request of [saveGuard(), assign(ben, GUARD), { kind: 'removeRole', role: GUARD } as const]) {
      expect(room.answerTo(ben, request)).toEqual(refused7('notAllowed', rule));
    }
  });

  test('that are built in stay as they are, even for admins; so does the owner’s', () => {
    const { room, olga, anna } = startRoom();
    expect(room.answerTo(olga, saveGuard({ role: MODERATOR_ROLE_ID }))).toEqual(refused7('notAllowed'));
    expect(room.answerTo(olga, { kind: 'removeRole', role: MEMBER_ROLE_ID })).toEqual(
      refused7('notAllowed', null),
    );
    expect(room.answerTo(olga, saveGuard({ role: 99 }))).toEqual(refused7('unknownRole'));
    room.answerTo(olga, assign(anna, ADMIN_ROLE_ID));
    expect(room.answerTo(anna, assign(olga, MEMBER_ROLE_ID))).toEqual(
      refused7('notAllowed', { kind: 'rank', target: 'Olga', own: 'Admin' }),
    );
    expect(room.answerTo(olga, assign(anna, MEMBER_ROLE_ID))).toEqual(DONE_7);
  });

  test('that are removed leave their bearers plain members, and doors that named them to admins', () => {
    const { room, olga, anna, ben } = startRoom();
    const kitchen = room.store.snapshot().channels.find((stored) => stored.info.id === KITCHEN)?.info;
    if (kitchen === undefined) throw new Error('there is a kitchen');
    const config = { ...kitchen.config, enterRole: GUARD };
    room.answerTo(olga, { kind: 'changeChannel', channel: KITCHEN, name: 'Kitchen', config });
    expect(room.answerTo(anna, { kind: 'join', channel: KITCHEN })).toEqual(DONE_7);
    room.answerTo(anna, { kind: 'join', channel: 1 });
    room.hush();
    expect(room.answerTo(olga, { kind: 'removeRole', role: GUARD })).toEqual(DONE_7);
    expect(room.take(ben.lane).map((message) => message.type)).toEqual(['memberChanged', 'roles']);
    expect(room.store.snapshot().assignments.has(anna.identity)).toBe(false);
    expect(room.answerTo(anna, { kind: 'join', channel: KITCHEN })).toMatchObject({
      rule: { kind: 'role', required: 'Admin', own: 'Member' },
    });
    expect(room.answerTo(olga, { kind: 'join', channel: KITCHEN })).toEqual(DONE_7);
    // Other fields of that channel can still be changed, the lost role standing where it stood.
    expect(room.answerTo(olga, { kind: 'changeChannel', channel: KITCHEN, name: 'Galley', config })).toEqual(
      DONE_7,
    );
  });

  test('that change their rank change what their bearers may do at once', () => {
    const { room, olga, anna, ben } = startRoom();
    const mute: Request = { kind: 'muteForAll', member: ben.token, muted: true };
    room.answerTo(olga, saveGuard({ role: GUARD, permissions: [] }));
    expect(room.answerTo(anna, mute)).toMatchObject({ rule: { kind: 'permission', permission: 'mute' } });
    room.answerTo(olga, saveGuard({ role: GUARD, rank: 60 }));
    expect(room.answerTo(anna, mute)).toEqual(DONE_7);
    expect(room.answerTo(anna, { kind: 'join', channel: ATTIC })).toEqual(DONE_7);
  });

  test('keep their number to themselves, also when they are gone and the relay was restarted', () => {
    const { room, olga } = startRoom();
    const account = { account: 'ben', role: GUARD };
    expect(room.answerTo(olga, { kind: 'removeRole', role: GUARD })).toEqual(DONE_7);
    room.restart();
    const again = room.admit('Olga');
    expect(room.answerTo(again, saveGuard({ name: 'Builder', permissions: ['kick'] }))).toEqual(DONE_7);
    expect(room.engine.adminView().roles.at(-1)).toMatchObject({ id: GUARD + 1, name: 'Builder' });
    // Whoever bore the old one has not got the new one.
    const kick = { kind: 'kick', member: again.token, reason: '' } as const;
    expect(room.command(account, kick)).toMatchObject({ rule: { kind: 'permission', own: 'Member' } });
  });

  test('are so many', () => {
    const { room, olga } = startRoom();
    for (let count = 4; count < MAX_ROLES; count += 1)
      expect(room.answerTo(olga, saveGuard())).toEqual(DONE_7);
    expect(room.answerTo(olga, saveGuard())).toEqual(refused7('tooManyRoles'));
  });
});
