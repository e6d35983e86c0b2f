import { expect, test } from 'vitest';
import { keepSame } from './keep-same.ts';

const member = (token: number, volume = 1) => ({ token, volume, rules: { kick: '' } });

test('what says the same is the same object, all the way up', () => {
  const before = { members: [member(1), member(2)], muted: false };
  expect(keepSame(before, structuredClone(before))).toBe(before);
});

test('a change replaces what holds it and nothing beside it', () => {
  const before = { members: [member(1), member(2)], sealing: { epoch: 1 } };
  const after = keepSame(before, { members: [member(1), member(2, 0.5)], sealing: { epoch: 1 } });
  expect(after).toEqual({ members: [member(1), member(2, 0.5)], sealing: { epoch: 1 } });
  expect(after.members[0]).toBe(before.members[0]);
  expect(after.members[1]?.rules).toBe(before.members[1]?.rules);
  expect(after.sealing).toBe(before.sealing);
  expect(before.members[1]?.volume).toBe(1);
});

test('one who comes or goes leaves the others as they are', () => {
  const before = [member(1), member(2), member(3)];
  const fewer = keepSame(before, [member(2), member(3)]);
  expect(fewer).not.toBe(before);
  expect(fewer[0]).toBe(before[1]);
  const more = keepSame(before, [member(9), member(1), member(2), member(3)]);
  expect(more.slice(1).every((one, index) => one === before[index])).toBe(true);
});

test('an order is a change, a missing or added field is a change, and so is null', () => {
  const before = [member(1), member(2)];
  expect(keepSame(before, [member(2), member(1)])).toEqual([member(2), member(1)]);
  const record: Record<string, unknown> = { a: 1, b: undefined };
  expect(keepSame(record, { a: 1 })).toEqual({ a: 1 });
  expect(Object.hasOwn(keepSame(record, { a: 1 }), 'b')).toBe(false);
  expect(keepSame<{ a: number[] | null }>({ a: [1] }, { a: null })).toEqual({ a: null });
  expect(keepSame<unknown>({ 0: 1 }, [1])).toEqual([1]);
  expect(keepSame<number[]>(null, [1])).toEqual([1]);
});
