import { describe, expect, test } from 'vitest';
import type { ListeningState } from '../../../contract/admin.ts';
import {
  audienceText,
  changeOf,
  draftOf,
  draftProblem,
  limitProblem,
  listeningWays,
  onAirText,
  passwordProblem,
  publishingWays,
  summaryText,
} from './listening-words.ts';

const links = {
  page: 'https://den.example/listen/lobby',
  ogg: 'https://den.example/stream/lobby.ogg',
  rtsp: null,
  whep: 'https://den.example/whep/lobby',
  websocket: 'wss://den.example/ws/lobby',
  publish: null,
  icecast: null,
  whip: null,
};

const state: ListeningState = {
  channel: 1,
  listeners: false,
  source: 'conversation',
  access: 'link',
  hasPassword: false,
  publish: false,
  publishKey: null,
  talk: false,
  maxListeners: 200,
  links,
  now: { listeners: 0, source: null, title: '' },
  mayManage: true,
  sentence: null,
};

describe('in words', () => {
  test('what is heard, by whom, how many do, and what is on', () => {
    expect(summaryText(state)).toBe('The conversation, for whoever has the link');
    expect(summaryText({ source: 'publisher', access: 'public' })).toBe(
      'A publisher’s program, for everybody',
    );
    expect(audienceText(state)).toBe('Nobody is listening');
    const now = { listeners: 3, source: 'Studio', title: '' };
    expect(audienceText({ now, maxListeners: 20 })).toBe('3 of 20 listening');
    expect(onAirText(state)).toBe('Nothing is on');
    expect(onAirText({ now })).toBe('On: Studio');
    expect(onAirText({ now: { ...now, title: 'Prelude' } })).toBe('On: Prelude (Studio)');
  });

  test('ways that there are not, are not shown', () => {
    expect(listeningWays(state).map(({ name }) => name)).toEqual(['ogg', 'whep', 'websocket']);
    expect(publishingWays(state)).toEqual([]);
    expect(listeningWays({ links: null })).toEqual([]);
    const ways = publishingWays({ links: { ...links, icecast: 'icecast://den.example/publish/lobby' } });
    expect(ways).toMatchObject([{ name: 'icecast', address: 'icecast://den.example/publish/lobby' }]);
  });
});

describe('a draft', () => {
  const draft = draftOf(state);

  test('that changes nothing asks for nothing but the switch', () => {
    expect(changeOf(state, draft)).toEqual({ listeners: false });
    expect(changeOf(state, { ...draft, listeners: true })).toEqual({ listeners: true });
  });

  test('asks for what is different, and for publishing only where somebody can', () => {
    const changed = { ...draft, access: 'public', talk: true, maxListeners: ' 30 ' } as const;
    expect(changeOf(state, changed)).toEqual({
      listeners: false,
      access: 'public',
      talk: true,
      maxListeners: 30,
    });
    expect(changeOf(state, { ...draft, publish: true })).toEqual({ listeners: false });
    const published = { ...draft, source: 'publisher', publish: true } as const;
    expect(changeOf(state, published)).toEqual({ listeners: false, source: 'publisher', publish: true });
    // Once more would be another key.
    const before = { ...state, source: 'publisher', publish: true } as const;
    expect(changeOf(before, draftOf(before))).toEqual({ listeners: false });
    expect(changeOf(before, { ...draftOf(before), publish: false })).toEqual({
      listeners: false,
      publish: false,
    });
  });

  test('has a password where it is asked for, long enough, and sends one only then', () => {
    const asking = { ...draft, access: 'password' } as const;
    expect(passwordProblem(asking, false)).toContain('Give the channel');
    expect(passwordProblem(asking, true)).toBe('');
    expect(passwordProblem({ ...asking, password: 'short' }, true)).toContain('At least 6');
    expect(passwordProblem({ ...asking, password: 'sesame' }, false)).toBe('');
    expect(passwordProblem({ ...asking, access: 'link', password: 'x' }, false)).toBe('');
    expect(changeOf(state, { ...asking, password: 'sesame' })).toMatchObject({ password: 'sesame' });
    expect(changeOf(state, { ...asking, access: 'link', password: 'sesame' })).toEqual({ listeners: false });
  });

  test('takes so many listeners and no more', () => {
    for (const maxListeners of ['1', '5000']) expect(limitProblem({ maxListeners })).toBe('');
    for (const maxListeners of ['0', '5001', '', 'many', '-1']) {
      expect(limitProblem({ maxListeners })).toBe('A whole number from 1 to 5000.');
    }
    expect(draftProblem({ ...draft, maxListeners: '0' }, false)).toContain('number');
    expect(draftProblem(draft, false)).toBe('');
  });
});
