/**
 * Throws when an invariant of our own code is broken. Never used on outside input: that returns a reason.
 *
 * @throws Error with `message`
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${message}`);
}

/** Closes a switch over a union: the compiler rejects a case that was forgotten. */
export function assertNever(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`);
}
