import type { Rng } from '../../src/core/base/rng.ts';

/** A whole number from 0 to below `end`. */
export function whole(rng: Rng, end: number): number {
  return Math.floor(rng.next() * end);
}

export function randomBytes(rng: Rng, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => whole(rng, 256));
}

/** One of some; there must be one. */
export function pick<Item>(rng: Rng, items: readonly Item[]): Item {
  const item = items[whole(rng, items.length)];
  if (item === undefined) throw new Error('there is nothing to pick from');
  return item;
}

/** The same in another order (Fisher and Yates). */
export function shuffled<Item>(rng: Rng, items: readonly Item[]): Item[] {
  const left = [...items];
  const order: Item[] = [];
  while (left.length > 0) order.push(...left.splice(whole(rng, left.length), 1));
  return order;
}

/** base64url of `count` random bytes. */
export function randomText(rng: Rng, count: number): string {
  return Buffer.from(randomBytes(rng, count)).toString('base64url');
}
