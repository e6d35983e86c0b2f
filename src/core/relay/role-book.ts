import { bearerRole, requiredRank } from '../permissions/judge.ts';
import {
  ADMIN_ROLE_ID,
  BUILT_IN_ROLES,
  FIRST_CUSTOM_ROLE_ID,
  MEMBER_ROLE_ID,
  type Role,
} from '../wire/roles.ts';
import { nextFreeId } from './next-free-id.ts';

/** Identities with a role of their own: more than any room has regulars, and a hundred bytes each. */
export const MAX_ASSIGNMENTS = 10_000;

/** Roles of a room, and who has which. Knows nothing of members or of the store. */
export class RoleBook {
  readonly #ownerIdentity: string | null;
  readonly #custom = new Map<number, Role>();
  readonly #assigned: Map<string, number>;
  #lastId = FIRST_CUSTOM_ROLE_ID - 1;
  #list: readonly Role[] = [];

  /** @param lastId highest id ever given out, to a role that may be gone */
  constructor(
    custom: readonly Role[],
    assignments: ReadonlyMap<string, number>,
    ownerIdentity: string | null,
    lastId: number,
  ) {
    this.#lastId = Math.max(this.#lastId, lastId);
    this.#ownerIdentity = ownerIdentity;
    this.#assigned = new Map(assignments);
    for (const role of custom) {
      this.#custom.set(role.id, role);
      this.#lastId = Math.max(this.#lastId, role.id);
    }
    this.#relist();
  }

  /** All roles, the built-in ones first. The array is replaced, never changed. */
  get list(): readonly Role[] {
    return this.#list;
  }

  get full(): boolean {
    return this.#assigned.size >= MAX_ASSIGNMENTS;
  }

  find(id: number): Role | undefined {
    return this.#list.find((role) => role.id === id);
  }

  isOwner(identity: string): boolean {
    return identity === this.#ownerIdentity;
  }

  /** The role of whoever has that identity, in the room or not. */
  roleOf(identity: string): Role {
    const id = this.isOwner(identity) ? ADMIN_ROLE_ID : (this.#assigned.get(identity) ?? MEMBER_ROLE_ID);
    return bearerRole(id, this.#list);
  }

  hasAssignment(identity: string): boolean {
    return this.#assigned.has(identity);
  }

  /** Identities that have this role. */
  bearers(id: number): string[] {
    return Array.from(this.#assigned)
      .filter(([, role]) => role === id)
      .map(([identity]) => identity);
  }

  requiredRank(id: number): number {
    return requiredRank(id, this.#list);
  }

  drawId(): number {
    this.#lastId = nextFreeId(this.#lastId, FIRST_CUSTOM_ROLE_ID, (id) => this.#custom.has(id));
    return this.#lastId;
  }

  put(role: Role): void {
    this.#custom.set(role.id, role);
    this.#relist();
  }

  /** Its bearers become plain members. */
  remove(id: number): void {
    this.#custom.delete(id);
    for (const identity of this.bearers(id)) this.#assigned.delete(identity);
    this.#relist();
  }

  assign(identity: string, id: number): void {
    if (id === MEMBER_ROLE_ID) this.#assigned.delete(identity);
    else this.#assigned.set(identity, id);
  }

  #relist(): void {
    this.#list = [...BUILT_IN_ROLES, ...this.#custom.values()];
  }
}
