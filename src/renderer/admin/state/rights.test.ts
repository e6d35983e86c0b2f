import { expect, test } from 'vitest';
import { fakeRoom } from '../dev/fake-room.ts';
import { highestRankRule, permissionRule, roleOf } from './rights.ts';

const room = fakeRoom();
const [MEMBER, MODERATOR, ADMIN] = [1, 2, 3];

test('what a role lists is allowed, the rest says why not', () => {
  expect(permissionRule('kick', MODERATOR ?? 0, room)).toBe('');
  expect(permissionRule('ban', MODERATOR ?? 0, room)).toBe(
    'Your role, Moderator, does not allow you to ban others.',
  );
  expect(permissionRule('move', MEMBER ?? 0, room)).not.toBe('');
});

test('the highest rank may do everything, and some things are kept for it', () => {
  const bare = { roles: [{ id: 3, name: 'Admin', rank: 100, permissions: [] }] };
  expect(permissionRule('ban', ADMIN ?? 0, bare)).toBe('');
  expect(highestRankRule(ADMIN ?? 0, room)).toBe('');
  expect(highestRankRule(MODERATOR ?? 0, room)).toContain('only the highest rank');
});

test('a role that is no more leaves its bearer with the lowest', () => {
  expect(roleOf(99, room.roles)?.name).toBe('Member');
  expect(permissionRule('move', 99, room)).toContain('Member');
});
