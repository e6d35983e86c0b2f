import {
  isBuiltIn,
  judgePermission,
  judgeRank,
  judgeRolePermissions,
  judgeRoleRank,
} from '../permissions/judge.ts';
import type { Request } from '../wire/control.ts';
import { MAX_ROLES, MEMBER_ROLE_ID, type Role } from '../wire/roles.ts';
import type { Actor } from './actor.ts';
import { type Answer, DONE, forbidden, refused } from './answer.ts';
import { auditEntry } from './audit.ts';
import type { ControlParts } from './control-parts.ts';
import type { RelayOut } from './relay-out.ts';

type Of<Kind extends Request['kind']> = Extract<Request, { kind: Kind }>;

/** Making, changing, removing and giving out roles. */
export class RoleDesk {
  readonly #parts: ControlParts;

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  save(by: Actor, request: Of<'saveRole'>, nowMs: number, out: RelayOut): Answer {
    const { ledger, roles, room } = this.#parts;
    const own = by.role();
    const before = request.role === null ? null : roles.find(request.role);
    const refusal = this.#judgeSave(own, request, before);
    if (refusal !== null) return refusal;
    const { name, rank } = request;
    const permissions = [...new Set(request.permissions)];
    const role: Role = { id: request.role ?? roles.drawId(), name, rank, permissions };
    const action = before === null ? 'createRole' : 'changeRole';
    const entry = auditEntry(this.#parts.wallMs(nowMs), by.identity, action, role.id);
    const saved = ledger.act(entry, out, (store) => store.saveRole(role));
    if (!saved) return refused('storageFailed');
    roles.put(role);
    for (const member of room.members()) if (member.roleId === role.id) room.setRole(member, role);
    room.rankChannels();
    this.#tellRoles(out);
    return DONE;
  }

  /** Those who had it are plain members from then on. */
  remove(by: Actor, id: number, nowMs: number, out: RelayOut): Answer {
    const { ledger, presence, roles, room } = this.#parts;
    const own = by.role();
    const allowed = judgePermission('roles', own);
    if (!allowed.ok) return forbidden(allowed.rule);
    const role = roles.find(id);
    if (role === undefined) return refused('unknownRole');
    const rank = judgeRoleRank(own, role);
    if (!rank.ok) return forbidden(rank.rule);
    if (isBuiltIn(id)) return refused('notAllowed');
    const entry = auditEntry(this.#parts.wallMs(nowMs), by.identity, 'removeRole', id);
    const saved = ledger.act(entry, out, (store) => {
      for (const identity of roles.bearers(id)) store.assignRole(identity, null);
      store.removeRole(id);
    });
    if (!saved) return refused('storageFailed');
    roles.remove(id);
    room.rankChannels();
    const bearers = Array.from(room.members()).filter((member) => member.roleId === id);
    for (const member of bearers) {
      room.setRole(member, roles.roleOf(member.identity));
      presence.tellChanged(member, out);
    }
    this.#tellRoles(out);
    return DONE;
  }

  /** To an identity, in the room or not. */
  assign(by: Actor, request: Of<'assignRole'>, nowMs: number, out: RelayOut): Answer {
    const { kindOf, ledger, presence, roles, room } = this.#parts;
    const { identity } = request;
    const own = by.role();
    const allowed = judgePermission('roles', own);
    if (!allowed.ok) return forbidden(allowed.rule);
    const role = roles.find(request.role);
    if (role === undefined) return refused('unknownRole');
    const before = roles.roleOf(identity);
    const member = room.findIdentity(identity);
    const name = member?.nickname ?? before.name;
    const target = { name, rank: before.rank, owner: roles.isOwner(identity) };
    const over = judgeRank('assignRole', own, target);
    if (!over.ok) return forbidden(over.rule);
    const given = judgeRoleRank(own, role);
    if (!given.ok) return forbidden(given.rule);
    if (role.id === before.id) return DONE;
    if (kindOf(identity) !== 'person') return refused('notAllowed');
    const kept = role.id === MEMBER_ROLE_ID ? null : role.id;
    if (kept !== null && !roles.hasAssignment(identity) && roles.full) return refused('tooManyRoles');
    const entry = auditEntry(this.#parts.wallMs(nowMs), by.identity, 'assignRole', identity, role.name);
    const saved = ledger.act(entry, out, (store) => store.assignRole(identity, kept));
    if (!saved) return refused('storageFailed');
    roles.assign(identity, role.id);
    if (member !== undefined) {
      room.setRole(member, role);
      presence.tellChanged(member, out);
    }
    return DONE;
  }

  #judgeSave(own: Role, request: Of<'saveRole'>, before: Role | null | undefined): Answer | null {
    const allowed = judgePermission('roles', own);
    if (!allowed.ok) return forbidden(allowed.rule);
    if (before === undefined) return refused('unknownRole');
    for (const verdict of [
      ...(before === null ? [] : [judgeRoleRank(own, before)]),
      judgeRoleRank(own, request),
      judgeRolePermissions(own, request.permissions),
    ]) {
      if (!verdict.ok) return forbidden(verdict.rule);
    }
    if (before !== null && isBuiltIn(before.id)) return refused('notAllowed');
    return before === null && this.#parts.roles.list.length >= MAX_ROLES ? refused('tooManyRoles') : null;
  }

  #tellRoles(out: RelayOut): void {
    const { presence, roles } = this.#parts;
    presence.broadcast({ type: 'roles', roles: [...roles.list] }, out);
  }
}
