import type { Ban } from '../wire/control.ts';
import type { Rule } from '../wire/rule.ts';

/** What a book of bans has to be told of addresses and people. */
export interface BanFacts {
  inRange(address: string, range: string): boolean;
  isOwner(identity: string): boolean;
}

/**
 * The bans of a room. Expired ones are passed over, wherever the clock stands, until somebody takes them out. None
 * hits the owner: an admin may ban a range that the owner, who was away, later comes from.
 */
export class BanBook {
  readonly #bans = new Map<number, Ban>();
  readonly #facts: BanFacts;
  #lastId: number;

  constructor(bans: readonly Ban[], lastId: number, facts: BanFacts) {
    this.#facts = facts;
    this.#lastId = lastId;
    for (const ban of bans) {
      this.#bans.set(ban.id, ban);
      this.#lastId = Math.max(this.#lastId, ban.id);
    }
  }

  get size(): number {
    return this.#bans.size;
  }

  /** When the next ban ends, in ms since 1970; null: none does. */
  get nextEndMs(): number | null {
    let next: number | null = null;
    for (const { untilMs } of this.#bans.values()) {
      if (untilMs !== null && (next === null || untilMs < next)) next = untilMs;
    }
    return next;
  }

  find(id: number): Ban | undefined {
    return this.#bans.get(id);
  }

  newestFirst(wallMs: number): Ban[] {
    return Array.from(this.#bans.values())
      .filter((ban) => !hasEnded(ban, wallMs))
      .sort((a, b) => b.id - a.id);
  }

  ended(wallMs: number): Ban[] {
    return Array.from(this.#bans.values()).filter((ban) => hasEnded(ban, wallMs));
  }

  /** The id of the next ban; taken when it is put in. */
  get nextId(): number {
    return this.#lastId + 1;
  }

  put(ban: Ban): void {
    this.#bans.set(ban.id, ban);
    this.#lastId = Math.max(this.#lastId, ban.id);
  }

  remove(id: number): void {
    this.#bans.delete(id);
  }

  /** A ban on this identity or this address. Address null: not known. */
  hitting(identity: string, address: string | null, wallMs: number): Ban | null {
    for (const ban of this.#bans.values()) {
      if (!hasEnded(ban, wallMs) && this.hits(ban, identity, address)) return ban;
    }
    return null;
  }

  hits(ban: Ban, identity: string, address: string | null): boolean {
    const { subject } = ban;
    if (this.#facts.isOwner(identity)) return false;
    if (subject.kind === 'identity') return subject.identity === identity;
    return subject.kind === 'range' && address !== null && this.#facts.inRange(address, subject.range);
  }
}

function hasEnded(ban: Ban, wallMs: number): boolean {
  return ban.untilMs !== null && ban.untilMs <= wallMs;
}

/** What somebody who is banned is told. */
export function banRule(ban: Ban): Rule {
  return { kind: 'banned', untilMs: ban.untilMs, reason: ban.reason };
}
