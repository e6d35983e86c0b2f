/** What tells one element of a list from another, or null where only its place does. */
function elementKey(value: unknown): string | number | null {
  if (typeof value !== 'object' || value === null) return null;
  if ('token' in value && typeof value.token === 'number') return value.token;
  if ('id' in value && (typeof value.id === 'number' || typeof value.id === 'string')) return value.id;
  if ('key' in value && typeof value.key === 'string') return value.key;
  return null;
}

function keepList(before: readonly unknown[], after: readonly unknown[]): readonly unknown[] {
  const byKey = new Map<string | number, unknown>();
  for (const element of before) {
    const key = elementKey(element);
    if (key !== null) byKey.set(key, element);
  }
  let same = before.length === after.length;
  const kept = after.map((element, index) => {
    const key = elementKey(element);
    const one = keep(key === null ? before[index] : byKey.get(key), element);
    if (one !== before[index]) same = false;
    return one;
  });
  return same ? before : kept;
}

function keepRecord(before: object, after: object): object {
  const earlier = new Map<string, unknown>(Object.entries(before));
  const entries = Object.entries(after);
  let same = earlier.size === entries.length;
  const kept = entries.map(([name, value]): [string, unknown] => {
    const one = keep(earlier.get(name), value);
    if (one !== earlier.get(name) || !earlier.has(name)) same = false;
    return [name, one];
  });
  return same ? before : Object.fromEntries(kept);
}

function keep(before: unknown, after: unknown): unknown {
  if (Object.is(before, after)) return before;
  if (typeof before !== 'object' || typeof after !== 'object' || before === null || after === null)
    return after;
  if (Array.isArray(before) !== Array.isArray(after)) return after;
  if (Array.isArray(before) && Array.isArray(after)) return keepList(before, after);
  return keepRecord(before, after);
}

/**
 * `after`, with every part that says the same as in `before` replaced by that part of `before`.
 *
 * The program sends its state whole; parts that keep their identity keep memoised rows from rendering again.
 * Elements of lists are matched by `token`, `id` or `key`, so that one who comes or goes moves nobody else.
 *
 * @param after - plain data, as JSON carries it
 */
export function keepSame<Value>(before: Value | null, after: Value): Value {
  return keep(before, after) as Value;
}
