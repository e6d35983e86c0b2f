import { expect, test } from 'vitest';
import {
  type CollapsedRooms,
  collapsedIn,
  MAX_REMEMBERED_ROOMS,
  readCollapsed,
  withCollapsed,
} from './collapsed.ts';

test('what is collapsed is there again, per room', () => {
  let rooms: CollapsedRooms = [];
  rooms = withCollapsed(rooms, 'a:1', 4, true);
  rooms = withCollapsed(rooms, 'b:1', 5, true);
  rooms = withCollapsed(rooms, 'a:1', 6, true);
  const read = readCollapsed(JSON.stringify(rooms));
  expect(collapsedIn(read, 'a:1')).toEqual(new Set([4, 6]));
  expect(collapsedIn(read, 'b:1')).toEqual(new Set([5]));
  expect(collapsedIn(read, 'c:1')).toEqual(new Set());
  expect(collapsedIn(withCollapsed(read, 'a:1', 4, false), 'a:1')).toEqual(new Set([6]));
});

test('a room with nothing collapsed takes no place, and the oldest room goes first', () => {
  expect(withCollapsed([['a', [1]]], 'a', 1, false)).toEqual([]);
  let rooms: CollapsedRooms = [];
  for (let count = 0; count <= MAX_REMEMBERED_ROOMS; count += 1) {
    rooms = withCollapsed(rooms, `room ${count}`, 1, true);
  }
  expect(rooms).toHaveLength(MAX_REMEMBERED_ROOMS);
  expect(collapsedIn(rooms, 'room 0')).toEqual(new Set());
  expect(collapsedIn(rooms, `room ${MAX_REMEMBERED_ROOMS}`)).toEqual(new Set([1]));
});

test.each([null, '', '{', '{"a":1}', '[1,["a"],["b","c"],[3,[1]]]', 'null'])('%j is nothing', (stored) => {
  expect(readCollapsed(stored)).toEqual([]);
});

test('numbers that are none are left out', () => {
  expect(readCollapsed('[["a",[1,"2",null,2.5,3]]]')).toEqual([['a', [1, 3]]]);
});
