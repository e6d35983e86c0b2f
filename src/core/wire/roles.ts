import { z } from 'zod';
import { roomNameSchema, u32Schema } from './fields.ts';

/** Roles a room may define, the three built-in ones included: fits a menu. */
export const MAX_ROLES = 32;

/** What a role may be allowed to do to others and to the room; each is checked at the relay. */
export const permissionSchema = z.enum(['move', 'mute', 'kick', 'ban', 'channels', 'roles']);
export type Permission = z.infer<typeof permissionSchema>;

/** Highest rank, the built-in admin's. Nobody acts on a member of an equal or higher rank. */
export const MAX_RANK = 100;

/** A role: channels ask for at least the rank of one, and its permissions hold in the whole room. */
export const roleSchema = z.strictObject({
  id: u32Schema,
  name: roomNameSchema,
  rank: z.number().int().min(0).max(MAX_RANK),
  permissions: z.array(permissionSchema).max(permissionSchema.options.length),
});
export type Role = z.infer<typeof roleSchema>;

/** Everybody without an assigned role. */
export const MEMBER_ROLE_ID = 1;
export const MODERATOR_ROLE_ID = 2;
export const ADMIN_ROLE_ID = 3;

/** Ids below are kept for built-in roles. */
export const FIRST_CUSTOM_ROLE_ID = 16;

/** The roles every room has; they cannot be changed or removed. */
export const BUILT_IN_ROLES: readonly Role[] = Object.freeze([
  { id: MEMBER_ROLE_ID, name: 'Member', rank: 0, permissions: [] },
  { id: MODERATOR_ROLE_ID, name: 'Moderator', rank: 50, permissions: ['move', 'mute', 'kick'] },
  {
    id: ADMIN_ROLE_ID,
    name: 'Admin',
    rank: MAX_RANK,
    permissions: ['move', 'mute', 'kick', 'ban', 'channels', 'roles'],
  },
]);
