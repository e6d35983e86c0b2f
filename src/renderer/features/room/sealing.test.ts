import { describe, expect, test } from 'vitest';
import { someConnection } from '../../dev/some-connection.ts';
import { deafSentence, routeSentence, sealingHint, sealingLabel, strangersSentence } from './sealing.ts';

const waiting = { state: 'waiting', epoch: 0, groupCode: '', strangers: 0 } as const;

test('the seal is told in a word, and never as sealed while keys are missing', () => {
  expect(sealingLabel(someConnection(), false)).toBe('Sealed');
  expect(sealingLabel(someConnection({ sealing: waiting }), false)).toBe('Waiting for keys');
  expect(sealingLabel(someConnection({ channel: null }), false)).toBe('In no channel');
  expect(sealingHint(someConnection({ sealing: waiting }), false)).toContain('Nothing is sent');
  expect(sealingHint(someConnection(), false)).toContain('not even the host');
});

test('where others listen nobody is told that only those here can hear', () => {
  expect(sealingLabel(someConnection(), true)).toBe('Sealed up to the relay');
  expect(sealingHint(someConnection(), true)).toContain('people who are not in the room');
  expect(sealingHint(someConnection(), true)).not.toContain('not even the host');
  expect(sealingLabel(someConnection({ sealing: waiting }), true)).toBe('Waiting for keys');
  expect(sealingHint(someConnection({ channel: null }), true)).toContain('Nobody hears you');
});

describe('strangersSentence', () => {
  test('is silent without strangers and loud with one or more', () => {
    expect(strangersSentence(0)).toBe('');
    expect(strangersSentence(1)).toMatch(/^A listener holds keys and is not shown by the host\./u);
    expect(strangersSentence(2)).toMatch(/^2 listeners hold keys and are not shown by the host\./u);
  });
});

test('a detour is told, the usual way is not', () => {
  expect(routeSentence('udp')).toBe('');
  expect(routeSentence('lane')).toContain('UDP is blocked');
});

test('deafness is told with its age', () => {
  expect(deafSentence(7_999)).toBe('You hear nothing: no sign from the room’s voice path for 7 s.');
  expect(deafSentence(119_000)).toContain('119 s');
  expect(deafSentence(125_000)).toContain('2 minutes');
});
