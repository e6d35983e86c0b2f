import type { RoomState } from './room-state.ts';

/** What one request changes: all of it, or nothing. */
export interface Change {
  readonly kind: string;
  /** New values by key; null: the entry goes. */
  readonly sets: ReadonlyMap<string, string | null>;
  /** Keys that no other request may change in the meantime. */
  readonly holds: readonly string[];
}

/** Something that is not as it was acknowledged. */
export interface Difference {
  readonly key: string;
  readonly expected: string | null;
  readonly found: string | null;
}

/** What must be remembered, out of what was acknowledged, and out of what may have been done unseen. */
export class ExpectedRoom {
  readonly #state: RoomState = new Map();
  readonly #busy = new Set<string>();
  /** Asked for, and the relay was killed before it answered. */
  readonly #uncertain: Change[] = [];
  readonly acknowledged = new Map<string, number>();
  uncertainAndDone = 0;
  uncertainAndNotDone = 0;

  get state(): ReadonlyMap<string, string> {
    return this.#state;
  }

  isFree(...keys: readonly string[]): boolean {
    return keys.every((key) => !this.#busy.has(key));
  }

  begin(change: Change): void {
    for (const key of [...change.sets.keys(), ...change.holds]) this.#busy.add(key);
  }

  end(change: Change, fate: 'done' | 'refused' | 'lost'): void {
    if (fate === 'lost') {
      // Its keys stay busy until it is known what became of it.
      this.#uncertain.push(change);
      return;
    }
    this.#release(change);
    if (fate === 'refused') return;
    this.acknowledged.set(change.kind, (this.acknowledged.get(change.kind) ?? 0) + 1);
    this.#apply(change);
  }

  /** Takes over what nobody promised: the entries of somebody who had to begin a new session. */
  adopt(found: ReadonlyMap<string, string>, isMeant: (key: string) => boolean): void {
    for (const key of [...this.#state.keys(), ...found.keys()]) {
      if (!isMeant(key)) continue;
      const value = found.get(key);
      if (value === undefined) this.#state.delete(key);
      else this.#state.set(key, value);
    }
  }

  /** What is in the database settles what was uncertain: all of a change is there, or nothing of it. */
  judge(found: ReadonlyMap<string, string>): Difference[] {
    for (const change of this.#uncertain.splice(0)) {
      this.#release(change);
      const entries = Array.from(change.sets);
      const isDone = entries.every(([key, value]) => (found.get(key) ?? null) === value);
      if (isDone) this.#apply(change);
      if (isDone) this.uncertainAndDone += 1;
      else this.uncertainAndNotDone += 1;
    }
    return differences(this.#state, found);
  }

  #apply(change: Change): void {
    for (const [key, value] of change.sets) {
      if (value === null) this.#state.delete(key);
      else this.#state.set(key, value);
    }
  }

  #release(change: Change): void {
    for (const key of [...change.sets.keys(), ...change.holds]) this.#busy.delete(key);
  }
}

export function differences(
  expected: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>,
): Difference[] {
  const all: Difference[] = [];
  for (const key of new Set([...expected.keys(), ...found.keys()])) {
    const difference = { key, expected: expected.get(key) ?? null, found: found.get(key) ?? null };
    if (difference.expected !== difference.found) all.push(difference);
  }
  return all;
}
