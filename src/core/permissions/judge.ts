import type { ChannelInfo } from '../wire/channels.ts';
import { ADMIN_ROLE_ID, BUILT_IN_ROLES, MAX_RANK, type Permission, type Role } from '../wire/roles.ts';
import type { ChannelAction, Rule } from '../wire/rule.ts';

/**
 * Who may do what. The relay asks on every message, the client before it offers something: the same functions, so
 * that "why can't I?" has one answer. `roles` is always the whole list, the built-in ones included.
 */
export type Verdict = { readonly ok: true } | { readonly ok: false; readonly rule: Rule };

/** What is done to another member and depends on both ranks. */
export type RankedAct = 'move' | 'mute' | 'kick' | 'ban' | 'assignRole';

/** Somebody something is done to. `name` is what the person sees: a nickname, or the name of a role. */
export interface RankedTarget {
  readonly name: string;
  readonly rank: number;
  /** The host of the room; a client that does not know says false. */
  readonly owner: boolean;
}

const ALLOWED: Verdict = Object.freeze({ ok: true });

/** Acts that the host is safe from, whoever tries. */
const neverOnOwner: ReadonlySet<RankedAct> = new Set(['kick', 'ban', 'assignRole']);

const [memberRole, , adminRole] = BUILT_IN_ROLES;

function no(rule: Rule): Verdict {
  return { ok: false, rule };
}

/** The role a member's id names; a role that is no more leaves its bearer a plain member. */
export function bearerRole(id: number, roles: readonly Role[]): Role {
  const role = roles.find((candidate) => candidate.id === id) ?? memberRole;
  if (role === undefined) throw new Error('broken invariant: there is a member role');
  return role;
}

/** The role a channel asks for; one that is no more keeps the door shut to all but admins. */
function requiredRole(id: number, roles: readonly Role[]): Role {
  const role = roles.find((candidate) => candidate.id === id) ?? adminRole;
  if (role === undefined) throw new Error('broken invariant: there is an admin role');
  return role;
}

/** Rank that a channel asks for when its config names the role `id`. */
export function requiredRank(id: number, roles: readonly Role[]): number {
  return requiredRole(id, roles).rank;
}

function isAdmin(role: Role): boolean {
  return role.rank >= MAX_RANK;
}

/** Admins may do everything; others what their role lists. */
export function judgePermission(permission: Permission, role: Role): Verdict {
  if (isAdmin(role) || role.permissions.includes(permission)) return ALLOWED;
  return no({ kind: 'permission', permission, own: role.name });
}

/**
 * What a channel asks a role for. `manage` is also open to whoever may change channels in the whole room. Whether
 * there is room, and the password, are asked elsewhere.
 */
export function judgeChannelAction(
  action: ChannelAction,
  channel: Pick<ChannelInfo, 'name' | 'config'>,
  role: Role,
  roles: readonly Role[],
): Verdict {
  const { enterRole, speakRole, whisperRole, manageRole } = channel.config;
  const ids = { enter: enterRole, speak: speakRole, whisper: whisperRole, manage: manageRole };
  const required = requiredRole(ids[action], roles);
  if (role.rank >= required.rank) return ALLOWED;
  if (action === 'manage' && role.permissions.includes('channels')) return ALLOWED;
  return no({ kind: 'role', action, channel: channel.name, required: required.name, own: role.name });
}

/** A new channel: at the top level for whoever may change channels, inside another also for those who may change that one. */
export function judgeNewChannel(
  parent: Pick<ChannelInfo, 'name' | 'config'> | null,
  role: Role,
  roles: readonly Role[],
): Verdict {
  return parent === null
    ? judgePermission('channels', role)
    : judgeChannelAction('manage', parent, role, roles);
}

/** One more in a channel that holds `members`. Holds for everybody, whatever the rank. */
export function judgeSpace(channel: Pick<ChannelInfo, 'name' | 'config'>, members: number): Verdict {
  const limit = channel.config.maxMembers;
  return members < limit ? ALLOWED : no({ kind: 'channelFull', channel: channel.name, limit });
}

/** A locked channel asks for its password, but not those who could change it anyway. */
export function asksForPassword(
  channel: Pick<ChannelInfo, 'name' | 'config' | 'locked'>,
  role: Role,
  roles: readonly Role[],
): boolean {
  return channel.locked && !judgeChannelAction('manage', channel, role, roles).ok;
}

/** Nobody acts on an equal or higher rank, except admins; the host can be neither removed nor demoted. */
export function judgeRank(act: RankedAct, role: Role, target: RankedTarget): Verdict {
  const spared = target.owner && neverOnOwner.has(act);
  if (!spared && (isAdmin(role) || target.rank < role.rank)) return ALLOWED;
  return no({ kind: 'rank', target: target.name, own: role.name });
}

/** Nobody gives out, makes, changes or removes a role of an equal or higher rank, except admins. */
export function judgeRoleRank(role: Role, given: Pick<Role, 'name' | 'rank'>): Verdict {
  if (isAdmin(role) || given.rank < role.rank) return ALLOWED;
  return no({ kind: 'rank', target: given.name, own: role.name });
}

/** Nobody puts into a role what is not allowed to oneself: it would come back through a second identity. */
export function judgeRolePermissions(role: Role, permissions: readonly Permission[]): Verdict {
  for (const permission of permissions) {
    const verdict = judgePermission(permission, role);
    if (!verdict.ok) return verdict;
  }
  return ALLOWED;
}

/** What concerns the room as a whole is for admins. */
export function judgeHighestRank(room: string, role: Role, roles: readonly Role[]): Verdict {
  if (isAdmin(role)) return ALLOWED;
  const required = requiredRole(ADMIN_ROLE_ID, roles).name;
  return no({ kind: 'role', action: 'manage', channel: room, required, own: role.name });
}

/** The built-in roles can be neither changed nor removed. */
export function isBuiltIn(roleId: number): boolean {
  return BUILT_IN_ROLES.some((role) => role.id === roleId);
}
