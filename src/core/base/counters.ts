/** Plain named counters with a fixed set of names: counting allocates nothing, and a misspelt name does not compile. */
export type Counters<Name extends string> = Record<Name, number>;

/** Counters at zero for `names`. */
export function createCounters<Name extends string>(names: readonly Name[]): Counters<Name> {
  const counters = {} as Counters<Name>;
  for (const name of names) counters[name] = 0;
  return counters;
}
