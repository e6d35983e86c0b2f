import { bearerRole } from '../permissions/judge.ts';
import type { Role } from '../wire/roles.ts';
import type { AdminActor } from './admin-port.ts';
import type { RoleBook } from './role-book.ts';
import type { Member } from './room.ts';

/** Who asks a desk for something: a member, or an account of the admin API. */
export interface Actor {
  /** As the audit log names it: an identity, or `account:<name>`. */
  readonly identity: string;
  /** As people are shown it: a nickname, or the account's name. */
  readonly nickname: string;
  /** Null: an account, which has no place in the room. */
  readonly member: Member | null;
  /** Looked up on every call: it may change while a password is being hashed. */
  role(): Role;
}

export function memberActor(member: Member, roles: RoleBook): Actor {
  const { identity, nickname } = member;
  return { identity, nickname, member, role: () => roles.roleOf(identity) };
}

/** An account bears a role by its id; one whose role was removed may do what a plain member may. */
export function accountActor({ account, role }: AdminActor, roles: RoleBook): Actor {
  return {
    identity: `account:${account}`,
    nickname: account,
    member: null,
    role: () => bearerRole(role, roles.list),
  };
}
