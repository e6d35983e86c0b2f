import { isLive, type KeyedMember } from './commit-work.ts';
import { FIRST_REQUEST_MS, READD_INTERVAL_MS } from './key-limits.ts';
import type { Member } from './room.ts';

/** Who is in one channel, and who is in the tree of its group: two sets that key delivery makes one. */
export class KeyRoster {
  /** By identity: everybody in the channel, held places included, in the order they came. */
  readonly #present = new Map<string, KeyedMember>();
  /** Identities with a leaf in the tree, and when each was taken in. */
  readonly #leaves = new Map<string, number>();
  /** Identities whose leaf must go: they left, though some may be back already and wait with a new package. */
  readonly #removals = new Set<string>();

  get empty(): boolean {
    return this.#present.size === 0;
  }

  get removals(): ReadonlySet<string> {
    return this.#removals;
  }

  present(): Iterable<KeyedMember> {
    return this.#present.values();
  }

  /** Identities with a leaf in the tree. */
  group(): string[] {
    return [...this.#leaves.keys()];
  }

  find(member: Member): KeyedMember | undefined {
    const found = this.#present.get(member.identity);
    return found?.member === member ? found : undefined;
  }

  /** Whoever is present under that identity, by whichever session. */
  findIdentity(identity: string): KeyedMember | undefined {
    return this.#present.get(identity);
  }

  /** Somebody whose identity is not present. */
  enter(member: Member, nowMs: number): KeyedMember {
    const entered: KeyedMember = {
      member,
      package: null,
      missed: false,
      laneLostMs: null,
      sentMs: null,
      requests: 0,
      nextRequestMs: nowMs + FIRST_REQUEST_MS,
      skips: 0,
      strikes: 0,
      askedMs: nowMs,
    };
    this.#present.set(member.identity, entered);
    return entered;
  }

  /** @returns true when a leaf must go */
  leave(left: KeyedMember): boolean {
    const { identity } = left.member;
    this.#present.delete(identity);
    if (!this.#leaves.has(identity)) return false;
    this.#removals.add(identity);
    return true;
  }

  hasLeaf(identity: string): boolean {
    return this.#leaves.has(identity);
  }

  /** A commit took `added` in. @returns false when that session is gone by now, and its leaf must go again */
  addLeaf(added: KeyedMember, nowMs: number): boolean {
    const { identity } = added.member;
    this.#leaves.set(identity, nowMs);
    if (this.#present.get(identity) === added) return true;
    this.#removals.add(identity);
    return false;
  }

  removeLeaf(identity: string): void {
    this.#leaves.delete(identity);
    this.#removals.delete(identity);
  }

  /** There is no group any more. */
  clearLeaves(): void {
    this.#leaves.clear();
    this.#removals.clear();
  }

  /** In the tree, and with the keys to that leaf as far as the relay knows. */
  holdsLeaf(member: KeyedMember): boolean {
    const { identity } = member.member;
    return this.#leaves.has(identity) && !this.#removals.has(identity);
  }

  /** Those whose package may go into a commit now: newcomers first, so that nobody's repeated packages hold them up. */
  ready(nowMs: number): KeyedMember[] {
    const waiting = [...this.#present.values()].filter(
      (member) => member.package !== null && isLive(member) && this.#readyMs(member) <= nowMs,
    );
    const newcomers = waiting.filter((member) => !this.holdsLeaf(member));
    return newcomers.concat(waiting.filter((member) => this.holdsLeaf(member)));
  }

  /** When the next of the packages that wait for READD_INTERVAL_MS will be ready; null if none does. */
  nextReaddMs(nowMs: number): number | null {
    let earliestMs: number | null = null;
    for (const member of this.#present.values()) {
      if (member.package === null || !isLive(member)) continue;
      const readyMs = this.#readyMs(member);
      if (readyMs > nowMs && (earliestMs === null || readyMs < earliestMs)) earliestMs = readyMs;
    }
    return earliestMs;
  }

  #readyMs(member: KeyedMember): number {
    if (!this.holdsLeaf(member)) return Number.NEGATIVE_INFINITY;
    return (this.#leaves.get(member.member.identity) ?? 0) + READD_INTERVAL_MS;
  }
}
