import { describe, expect, test } from 'vitest';
import type { Binding, Connection } from '../../../contract/dto.ts';
import { someConnection } from '../../dev/some-connection.ts';
import { isKeyTaken, ownState, ownStateHint } from './own-state.ts';
import { TalkHold } from './talk-hold.ts';

const key: Binding = { device: 'keyboard', code: 66, label: 'F8' };
const quiet = {
  transmitting: false,
  muted: false,
  deafened: false,
  activation: 'pushToTalk',
  pushToTalk: key,
  hotkeyProblem: '',
  whispers: { activeTo: '' },
  connection: someConnection() as Connection,
} as const;

test('a key is taken by whatever talks or whispers with it, and by no mouse button of that name', () => {
  const list = { id: 1, name: 'Crew', targets: [], binding: { ...key, label: 'F9' } };
  const app = { pushToTalk: key, whispers: { lists: [list], replyBinding: { ...key, label: 'F10' } } };
  for (const label of ['F8', 'F9', 'F10']) expect(isKeyTaken(app, label)).toBe(true);
  expect(isKeyTaken(app, 'F3')).toBe(false);
  const mouse = { pushToTalk: { device: 'mouse', code: 3, label: 'F3' } as const };
  expect(isKeyTaken({ ...mouse, whispers: { lists: [], replyBinding: null } }, 'F3')).toBe(false);
});

describe('ownState', () => {
  test('sound that goes out is told first, deafened before muted', () => {
    expect(ownState(quiet)).toBe('listening');
    expect(ownState({ ...quiet, muted: true })).toBe('muted');
    expect(ownState({ ...quiet, muted: true, deafened: true })).toBe('deafened');
    expect(ownState({ ...quiet, muted: true, transmitting: true })).toBe('onAir');
  });

  test('the hint names the key only where the key works', () => {
    expect(ownStateHint(quiet)).toBe('Hold F8 or the button to talk');
    expect(ownStateHint({ ...quiet, pushToTalk: null })).toBe('Hold the button to talk');
    expect(ownStateHint({ ...quiet, hotkeyProblem: 'There is no X server.' })).toBe(
      'Hold the button to talk',
    );
    expect(ownStateHint({ ...quiet, activation: 'voiceActivity' })).toBe('Opens when you speak');
    expect(ownStateHint({ ...quiet, activation: 'open', muted: true })).toBe('Nobody hears you');
  });
});

describe('what keeps one from speaking', () => {
  test('a rule is told as it stands, after one’s own switches', () => {
    const ruled = { ...quiet, connection: someConnection({ speakRule: 'You need the role Speaker.' }) };
    expect([ownState(ruled), ownStateHint(ruled)]).toEqual(['noRight', 'You need the role Speaker.']);
    expect(ownState({ ...ruled, muted: true })).toBe('muted');
  });

  test('without keys nothing is sent, and that is said; in no channel there are none to wait for', () => {
    const sealing = { state: 'waiting', epoch: 0, groupCode: '', strangers: 0 } as const;
    const waiting = { ...quiet, connection: someConnection({ sealing }) };
    expect(ownState(waiting)).toBe('waiting');
    expect(ownStateHint(waiting)).toContain('keys');
    expect(ownState({ ...quiet, connection: someConnection({ sealing, channel: null }) })).toBe('listening');
  });

  test('a whisper goes before being on air, and names who hears it', () => {
    const whispering = { ...quiet, transmitting: true, whispers: { activeTo: 'Anna' } };
    expect([ownState(whispering), ownStateHint(whispering)]).toEqual(['whispering', 'Only Anna hears you']);
  });
});

describe('TalkHold', () => {
  const rig = () => {
    const edges: boolean[] = [];
    return { hold: new TalkHold((down) => edges.push(down)), edges };
  };

  test('repeated presses open once, and release closes once', () => {
    const { hold, edges } = rig();
    hold.press('key');
    hold.press('key');
    hold.release('key');
    hold.release('key');
    expect(edges).toEqual([true, false]);
  });

  test('stays open until the last source lets go', () => {
    const { hold, edges } = rig();
    hold.press('pointer');
    hold.press('key');
    hold.release('pointer');
    expect(hold.down).toBe(true);
    hold.release('key');
    expect(edges).toEqual([true, false]);
  });

  test('letting everything go closes once, whatever held it, and not when nothing did', () => {
    const { hold, edges } = rig();
    hold.releaseAll();
    hold.press('pointer');
    hold.press('key');
    hold.releaseAll();
    hold.release('pointer');
    hold.releaseAll();
    expect(edges).toEqual([true, false]);
  });
});
