import { beforeEach, expect, test } from 'vitest';
import {
  dropWindowNotice,
  MAX_WINDOW_NOTICES,
  raiseWindowNotice,
  takeTalking,
  talkingSet,
  useWindow,
} from './window-store.ts';

beforeEach(() => {
  useWindow.setState(useWindow.getInitialState(), true);
});

test('the set of talkers is replaced only when it changes', () => {
  const before = new Set([1, 2]);
  expect(talkingSet(before, [2, 1])).toBe(before);
  expect(talkingSet(before, [1])).toEqual(new Set([1]));
  expect(talkingSet(before, [1, 3])).toEqual(new Set([1, 3]));
});

test('meters that say the same twenty times a second change the store once', () => {
  let changes = 0;
  const stop = useWindow.subscribe(() => {
    changes += 1;
  });
  for (let count = 0; count < 20; count += 1) takeTalking([5]);
  stop();
  expect(changes).toBe(1);
});

test('the same words are told once, and only the latest few notices stay', () => {
  raiseWindowNotice('error', 'No.');
  raiseWindowNotice('error', 'No.');
  expect(useWindow.getState().windowNotices).toHaveLength(1);
  for (let count = 0; count < MAX_WINDOW_NOTICES; count += 1) raiseWindowNotice('info', `Note ${count}`);
  const notices = useWindow.getState().windowNotices;
  expect(notices.map((one) => one.text)).toEqual(['Note 0', 'Note 1', 'Note 2', 'Note 3']);
  expect(new Set(notices.map((one) => one.id)).size).toBe(MAX_WINDOW_NOTICES);
  dropWindowNotice(notices[0]?.id ?? 0);
  expect(useWindow.getState().windowNotices).toHaveLength(MAX_WINDOW_NOTICES - 1);
});
