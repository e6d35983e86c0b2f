import { expect, test } from 'vitest';
import { firstPlace, keptInside, readPlace } from './overlay-place.ts';

const size = { width: 400, height: 300 };
const frame = { width: 1_000, height: 700 };

test('a place inside of the window stays, one outside comes in', () => {
  expect(keptInside({ left: 100, top: 50 }, size, frame)).toEqual({ left: 100, top: 50 });
  expect(keptInside({ left: 5_000, top: 5_000 }, size, frame)).toEqual({ left: 592, top: 392 });
  expect(keptInside({ left: -50, top: -50 }, size, frame)).toEqual({ left: 8, top: 8 });
});

test('in a window smaller than the overlay its head can be seen', () => {
  expect(keptInside({ left: 50, top: 50 }, size, { width: 300, height: 200 })).toEqual({ left: 8, top: 8 });
});

test('the first place is on the right, below the bar', () => {
  expect(firstPlace(size, frame)).toEqual({ left: 584, top: 64 });
});

test('what storage holds is not trusted', () => {
  expect(readPlace('{"left":12,"top":34}')).toEqual({ left: 12, top: 34 });
  for (const stored of [null, '', '{', '[]', '{"left":1}', '{"left":"1","top":2}', '{"left":1e999,"top":2}'])
    expect(readPlace(stored)).toBeNull();
});
