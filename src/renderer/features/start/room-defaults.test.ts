import { expect, test } from 'vitest';
import { defaultRoomName, placeText, readPort } from './room-defaults.ts';

test('a room is named after its host once there is a name', () => {
  expect(defaultRoomName(' Ada ')).toBe('Ada’s room');
  expect(defaultRoomName('  ')).toBe('My room');
});

test.each([
  ['', { ok: true, port: null }],
  ['  ', { ok: true, port: null }],
  ['1', { ok: true, port: 1 }],
  ['65535', { ok: true, port: 65_535 }],
  ['0', { ok: false }],
  ['65536', { ok: false }],
  ['999999', { ok: false }],
  ['48480x', { ok: false }],
  ['-1', { ok: false }],
  ['4e3', { ok: false }],
])('the port box %j reads as %j', (text, expected) => {
  expect(readPort(text)).toEqual(expected);
});

test('a place is unmistakable, whatever kind of address it has', () => {
  expect(placeText('voice.example', 48_480)).toBe('voice.example:48480');
  expect(placeText('2001:db8::1', 50_000)).toBe('[2001:db8::1]:50000');
});
