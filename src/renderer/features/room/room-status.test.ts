import { describe, expect, test } from 'vitest';
import type { AppState, Member } from '../../../contract/dto.ts';
import { someConnection } from '../../dev/some-connection.ts';
import { someMember } from '../../dev/some-member.ts';
import {
  BADGE_TINTS,
  badgeTint,
  headcountText,
  initials,
  memberOrder,
  phaseSentence,
  pingText,
  plainRole,
  voicePathSentence,
  windowTitle,
} from './room-status.ts';

const member = (token: number, nickname: string, self = false): Member =>
  someMember({ token, nickname, self });

describe('phaseSentence', () => {
  test('names the relay while connecting and the attempt while reconnecting', () => {
    expect(phaseSentence({ phase: 'idle' })).toBe('Not in a room');
    expect(phaseSentence({ phase: 'connecting', relay: 'den.example' })).toBe('Connecting to den.example…');
    expect(phaseSentence({ phase: 'reconnecting', relay: 'x', attempt: 1 })).toBe(
      'Connection lost. Trying again…',
    );
    expect(phaseSentence({ phase: 'reconnecting', relay: 'x', attempt: 4 })).toBe(
      'Connection lost. Trying again, attempt 4…',
    );
  });
});

describe('voicePathSentence', () => {
  test('waits before it alarms', () => {
    const dead = { voicePath: false, pingMs: null };
    expect(voicePathSentence(dead, true)).toBe('Checking the voice path…');
    expect(voicePathSentence(dead, false)).toBe('Voice is not getting through');
    expect(voicePathSentence({ voicePath: true, pingMs: null }, false)).toBe('Voice path open');
    expect(voicePathSentence({ voicePath: true, pingMs: 23.6 }, false)).toBe('Voice path 24 ms');
  });

  test('round trips keep a decimal only where it matters', () => {
    expect([0.2, 1, 9.94, 10.4, 182.5].map(pingText)).toEqual([
      'under 1 ms',
      '1.0 ms',
      '9.9 ms',
      '10 ms',
      '183 ms',
    ]);
  });
});

describe('members', () => {
  test('oneself first, then by name without regard to case, numbers by value', () => {
    const order = memberOrder([
      member(1, 'guest 10'),
      member(2, 'Zoe', true),
      member(3, 'Guest 2'),
      member(4, 'ada'),
    ]);
    expect(order.map((one) => one.token)).toEqual([2, 4, 3, 1]);
  });

  test('who is no person comes last', () => {
    const listeners = { ...member(1, 'Listeners'), listeners: true };
    expect(
      memberOrder([listeners, member(2, 'Zoe'), member(3, 'Ann', true)]).map((one) => one.token),
    ).toEqual([3, 2, 1]);
  });

  test('equal names keep one order', () => {
    const order = memberOrder([member(9, 'Kim'), member(3, 'Kim')]);
    expect(order.map((one) => one.token)).toEqual([3, 9]);
  });

  test.each([
    ['Ada Lovelace', 'AL'],
    ['ada', 'A'],
    ['  Jean  Luc   Picard ', 'JP'],
    ['👩‍🚀 Sally', '👩‍🚀S'],
    ['éa', 'É'],
    ['', '?'],
  ])('initials of %j are %j', (nickname, expected) => {
    expect(initials(nickname)).toBe(expected);
  });

  test('a tint is in range and stays with its name', () => {
    const tints = Array.from({ length: 200 }, (_, index) => badgeTint(`guest ${index}`));
    expect(Math.min(...tints)).toBe(0);
    expect(Math.max(...tints)).toBe(BADGE_TINTS - 1);
    expect(badgeTint('Ada')).toBe(badgeTint('Ada'));
  });

  test('a lone member is told so', () => {
    expect([0, 1, 2].map(headcountText)).toEqual(['Just you', 'Just you', '2 people']);
  });
});

test('the lowest role of every room goes without saying', () => {
  const role = (id: number, rank: number, builtIn: boolean) => ({
    id,
    rank,
    builtIn,
    name: '',
    permissions: [],
  });
  expect(plainRole([role(3, 100, true), role(1, 0, true), role(16, 0, false), role(2, 50, true)])).toBe(1);
  expect(plainRole([])).toBe(0);
});

describe('windowTitle', () => {
  const connected: AppState['connection'] = someConnection({ roomName: 'Den' });

  test('names the room, and marks it while sound goes out', () => {
    expect(windowTitle(null, false)).toBe('Sidetone');
    expect(windowTitle({ connection: { phase: 'idle' }, transmitting: false }, false)).toBe('Sidetone');
    expect(windowTitle({ connection: connected, transmitting: false }, false)).toBe('Den · Sidetone');
    expect(windowTitle({ connection: connected, transmitting: true }, false)).toBe('● Den · Sidetone');
    expect(windowTitle({ connection: connected, transmitting: true }, true)).toBe('Sidetone has quit');
  });
});
