import { expect, test } from 'vitest';
import { WHISPER_LIST_BIT } from '../wire/datagram.ts';
import { RegisteredLists } from './registered-lists.ts';

test('lists are found by their id, signed or not, and told unsigned in their order', () => {
  const lists = new RegisteredLists();
  const [first, last] = [WHISPER_LIST_BIT, 0xffff_ffff];
  lists.set(last, [1]);
  lists.set(first, [2, 3]);
  expect([lists.get(last), lists.get(-1), lists.get(first | 0), lists.get(first + 1)]).toEqual([
    [1],
    [1],
    [2, 3],
    undefined,
  ]);
  expect([...lists]).toEqual([
    [last, [1]],
    [first, [2, 3]],
  ]);
  lists.delete(last);
  expect([...lists]).toEqual([[first, [2, 3]]]);
});
