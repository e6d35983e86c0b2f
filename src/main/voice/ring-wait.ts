/**
 * Resolves as soon as the counter at `index` differs from `seen`; at once if it does already.
 *
 * Not an event: a ring's other side notifies the counter it moved, and the thread's event loop goes on meanwhile.
 */
export async function counterMoved(indices: Int32Array, index: number, seen: number): Promise<void> {
  const waiting = Atomics.waitAsync(indices, index, seen);
  if (waiting.async) await waiting.value;
}
