import { describe, expect, test } from 'vitest';
import { someMember } from '../../dev/some-member.ts';
import { codeGroups, keySentence, memberNotes } from './member-notes.ts';

const texts = (part: Parameters<typeof someMember>[0], talking = false): string[] =>
  memberNotes(someMember(part), talking).map((note) => note.text);

describe('memberNotes', () => {
  test('a quiet member with keys needs no words', () => {
    expect(texts({})).toEqual([]);
    expect(texts({ keys: 'elsewhere' })).toEqual([]);
  });

  test('a missing key is told before anything but a lost connection, and in words', () => {
    expect(texts({ keys: 'noKey', muted: true, verified: true }, true)).toEqual([
      'No key: hears nobody',
      'Talking',
      'Muted',
      'Verified',
    ]);
    expect(memberNotes(someMember({ keys: 'noKey' }), false)[0]?.tone).toBe('bad');
    expect(texts({ keys: 'noKey', self: true })).toEqual(['No key: you hear nobody']);
    expect(texts({ keys: 'waiting', reconnecting: true })).toEqual(['Reconnecting', 'Waiting for keys']);
  });

  test('a whisper takes the place of talking, being muted for everybody that of being muted', () => {
    expect(texts({ whispering: true }, true)).toEqual(['Whispers to you']);
    expect(texts({ muted: true, mutedForAll: true })).toEqual(['Muted for everybody']);
    expect(texts({ muted: true, deafened: true, mutedHere: true })).toEqual(['Deafened', 'Muted by you']);
  });

  test('who is no person is said to hear for others, and its own switches are its own affair', () => {
    const listeners = { listeners: true, muted: true, deafened: true };
    expect(texts(listeners)).toEqual(['Hears for people outside the room']);
    expect(texts({ ...listeners, keys: 'noKey', mutedForAll: true, mutedHere: true }, true)).toEqual([
      'No key: nobody outside hears you',
      'Talking',
      'Muted for everybody',
      'Muted by you',
      'Hears for people outside the room',
    ]);
  });
});

test('each key state has a sentence that names who', () => {
  expect(keySentence({ keys: 'noKey', nickname: 'Ann', self: false })).toContain('Ann could not be given');
  expect(keySentence({ keys: 'sealed', nickname: 'Ann', self: true })).toBe(
    'You hold the keys of this channel.',
  );
});

test('codes come in the groups they have, or in even ones', () => {
  expect(codeGroups('12345 67890  11111', 5)).toEqual(['12345', '67890', '11111']);
  expect(codeGroups('1234567', 5)).toEqual(['12345', '67']);
  expect(codeGroups('', 5)).toEqual([]);
});
