import { expect, test } from 'vitest';
import type { Grant } from '../../../contract/admin.ts';
import { type GrantStorage, keepGrant, readGrant } from './kept-grant.ts';

const grant: Grant = {
  token: 'a.b.c',
  expiresMs: 10_000,
  account: { name: 'ada', role: 3, createdMs: 1 },
};

function memory(): GrantStorage & { readonly items: Map<string, string> } {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

const broken: GrantStorage = {
  getItem: () => {
    throw new Error('no storage');
  },
  setItem: () => {
    throw new Error('no storage');
  },
  removeItem: () => {
    throw new Error('no storage');
  },
};

test('a grant is kept until it ends, and not a moment longer', () => {
  const storage = memory();
  keepGrant(storage, grant);
  expect(readGrant(storage, 9_999)).toEqual(grant);
  expect(readGrant(storage, 10_000)).toBeNull();
  keepGrant(storage, null);
  expect(storage.items.size).toBe(0);
  expect(readGrant(storage, 0)).toBeNull();
});

test.each(['', '{', 'null', '{"token":1}', '[]'])('what else lies in storage (%s) is no grant', (text) => {
  const storage = memory();
  keepGrant(storage, grant);
  for (const key of storage.items.keys()) storage.items.set(key, text);
  expect(readGrant(storage, 0)).toBeNull();
});

test('without storage there is simply nothing kept', () => {
  expect(() => keepGrant(broken, grant)).not.toThrow();
  expect(readGrant(broken, 0)).toBeNull();
});
