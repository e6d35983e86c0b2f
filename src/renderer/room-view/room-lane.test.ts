import { expect, test } from 'vitest';
import { laneAddress, roomOf } from './room-lane.ts';
import { stateSentence } from './room-view-page.tsx';

test.each([
  ['https://relay.example/webrtc-relay/view', 'wss://relay.example'],
  ['http://127.0.0.1:8443/webrtc-relay/view', 'ws://127.0.0.1:8443'],
])('from %s a room is asked for at %s', (page, start) => {
  expect(laneAddress(new URL(page), 'room & 1', 'k=y')).toBe(
    `${start}/webrtc-relay?type=dashboard&robot_id=room+%26+1&viewer_key=k%3Dy`,
  );
  expect(laneAddress(new URL(page), 'room', '')).toBe(`${start}/webrtc-relay?type=dashboard&robot_id=room`);
});

test('the room stands in the address, and its key where nobody is sent it', () => {
  const page = new URL('https://relay.example/webrtc-relay/view?robot_id=room%201#key=a%26b');
  expect(roomOf(page)).toEqual({ room: 'room 1', key: 'a&b' });
  expect(roomOf(new URL('https://relay.example/webrtc-relay/view'))).toEqual({ room: '', key: '' });
});

test('every state has a sentence, and the relay has the last word', () => {
  expect(stateSentence({ kind: 'waiting', note: '' })).toBe('Waiting for the room…');
  expect(stateSentence({ kind: 'waiting', note: 'It is away.' })).toBe('It is away.');
  expect(stateSentence({ kind: 'ended', sentence: 'Over.' })).toBe('Over.');
  expect(stateSentence({ kind: 'listening' })).toBe('Live');
});
