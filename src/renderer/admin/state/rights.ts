import type { AdminRole, AdminRoom } from '../../../contract/admin.ts';
import type { Permission } from '../../../contract/room.ts';

/** The rank that may do everything. */
const MAX_RANK = 100;

const words: Record<Permission, string> = {
  move: 'move others to another channel',
  mute: 'mute others for everybody',
  kick: 'remove others from the room',
  ban: 'ban others',
  channels: 'add, change or remove channels',
  roles: 'give out roles',
};

/** The role with this id; one that is no more leaves its bearer with the lowest, as the relay judges it. */
export function roleOf(id: number, roles: readonly AdminRole[]): AdminRole | null {
  const lowest = roles.reduce<AdminRole | null>(
    (least, role) => (least === null || role.rank < least.rank ? role : least),
    null,
  );
  return roles.find((role) => role.id === id) ?? lowest;
}

/**
 * Why the account may not do something to the room; empty: it may.
 *
 * To say so before it is tried; the relay judges every request all the same, by ranks as well.
 */
export function permissionRule(permission: Permission, role: number, room: Pick<AdminRoom, 'roles'>): string {
  const own = roleOf(role, room.roles);
  if (own === null || own.rank >= MAX_RANK || own.permissions.includes(permission)) return '';
  return `Your role, ${own.name}, does not allow you to ${words[permission]}.`;
}

/** Why the account may not do something that is kept for those who may do everything; empty: it may. */
export function highestRankRule(role: number, room: Pick<AdminRoom, 'roles'>): string {
  const own = roleOf(role, room.roles);
  if (own === null || own.rank >= MAX_RANK) return '';
  return `Your role, ${own.name}, does not allow that: only the highest rank may do it.`;
}
