import { expect, test } from 'vitest';
import type { AuditLine } from '../../../contract/admin.ts';
import { fakeIdentity, fakeRoom } from '../dev/fake-room.ts';
import { actionText, actorText, mergeLines, shortIdentity, subjectText } from './audit-words.ts';

const room = fakeRoom();
const line = (id: number): AuditLine => ({ id, atMs: id, by: '', action: 'kick', subject: '', reason: '' });

test('who did it is named as well as can be', () => {
  expect(actorText('', room.members)).toBe('The relay');
  expect(actorText('account:ada', room.members)).toBe('ada');
  expect(actorText(fakeIdentity(2), room.members)).toBe('Grace');
  expect(actorText(fakeIdentity(999), room.members)).toBe(shortIdentity(fakeIdentity(999)));
});

test('what it was about is named too', () => {
  expect(subjectText({ action: 'changeChannel', subject: '2' }, room)).toBe('Workshop');
  for (const action of ['admitListeners', 'changeListening', 'renewListeningLink', 'renewPublishKey']) {
    expect(subjectText({ action, subject: '2' }, room)).toBe('Workshop');
  }
  expect(subjectText({ action: 'saveRole', subject: '16' }, room)).toBe('Usher');
  expect(subjectText({ action: 'kick', subject: fakeIdentity(2) }, room)).toBe('Grace');
  expect(subjectText({ action: 'kick', subject: '2' }, room)).toBe('2');
  expect(subjectText({ action: 'removeAccount', subject: 'account:doris' }, room)).toBe('doris');
});

test('actions are words', () => {
  expect(actionText('createChannel')).toBe('Create channel');
  expect(actionText('kick')).toBe('Kick');
  expect(actionText('role.assign')).toBe('Role assign');
});

test('an identity is cut where it is long, and only there', () => {
  expect(shortIdentity('short')).toBe('short');
  expect(shortIdentity(fakeIdentity(1))).toHaveLength(13);
});

test('lines are there once, the newest first', () => {
  const merged = mergeLines([line(3), line(2)], [line(4), line(3)]);
  expect(merged.map(({ id }) => id)).toEqual([4, 3, 2]);
});
