import { describe, expect, it } from 'vitest';
import type { Binding } from '../../contract/dto.ts';
import type { HotkeyCommand } from './hotkey-protocol.ts';
import { KeyBindings, MAX_BINDINGS } from './key-bindings.ts';

const F8: Binding = { device: 'keyboard', code: 66, label: 'F8' };
const F9: Binding = { device: 'keyboard', code: 67, label: 'F9' };
const MOUSE_4: Binding = { device: 'mouse', code: 4, label: 'Mouse 4' };
const TALK = 'pushToTalk';
const REPLY = 'reply';

function setUp(bindings: Readonly<Record<string, Binding>> = { [TALK]: F8, [REPLY]: F9 }) {
  const held: string[] = [];
  const captured: [string, Binding | null][] = [];
  const orders: HotkeyCommand[] = [];
  const keys = new KeyBindings({
    onDidChange: (name, value) => held.push(`${name} ${value ? 'down' : 'up'}`),
    onDidCapture: (name, value) => captured.push([name, value]),
  });
  for (const [name, binding] of Object.entries(bindings)) keys.setBinding(name, binding);
  keys.handleHookReady((command) => orders.push(command));
  return { keys, held, captured, orders };
}

describe('KeyBindings', () => {
  it('is held from the first press to the release, whatever repeats in between', () => {
    const { keys, held } = setUp();
    keys.handleDown(F8, 'F8');
    keys.handleDown(F8, 'F8');
    keys.handleUp(F8);
    keys.handleUp(F8);
    expect(held).toEqual(['pushToTalk down', 'pushToTalk up']);
  });

  it('tells keys that are held at once apart', () => {
    const { keys, held } = setUp();
    keys.handleDown(F8, 'F8');
    keys.handleDown(F9, 'F9');
    expect([keys.isHeld(TALK), keys.isHeld(REPLY)]).toEqual([true, true]);
    keys.handleUp(F8);
    expect([keys.isHeld(TALK), keys.isHeld(REPLY)]).toEqual([false, true]);
    keys.handleUp(F9);
    expect(held).toEqual(['pushToTalk down', 'reply down', 'pushToTalk up', 'reply up']);
  });

  it('works every name a key is bound under, and watches for it once', () => {
    const { keys, held, orders } = setUp({ [TALK]: F8, 'whisper.1': F8 });
    keys.handleDown(F8, 'F8');
    keys.handleUp(F8);
    expect(held).toEqual(['pushToTalk down', 'whisper.1 down', 'pushToTalk up', 'whisper.1 up']);
    expect(orders).toEqual([{ kind: 'watch', triggers: [{ device: 'keyboard', code: F8.code }] }]);
  });

  it('heeds only bound keys of the bound device', () => {
    const { keys, held } = setUp();
    keys.handleDown({ device: 'mouse', code: F8.code }, '');
    keys.handleDown({ device: 'keyboard', code: F9.code + 1 }, '');
    expect(held).toEqual([]);
  });

  it.each([
    ['the hook dies', (keys: KeyBindings) => keys.handleHookLost(), true],
    ['another key is bound', (keys: KeyBindings) => void keys.setBinding(TALK, MOUSE_4), false],
    ['the binding is cleared', (keys: KeyBindings) => void keys.setBinding(TALK, null), false],
    ['a new key is being chosen for it', (keys: KeyBindings) => keys.startCapture(TALK), true],
    ['a new key is being chosen for another', (keys: KeyBindings) => keys.startCapture('whisper.9'), true],
  ])('lets go when %s while keys are held', (_name, act, all) => {
    const { keys, held } = setUp();
    keys.handleDown(F8, 'F8');
    keys.handleDown(F9, 'F9');
    act(keys);
    expect(held.slice(2)).toEqual(all ? ['pushToTalk up', 'reply up'] : ['pushToTalk up']);
    expect([keys.isHeld(TALK), keys.isHeld(REPLY)]).toEqual([false, !all]);
  });

  it('takes the next key or button for the name it is awaited for, and tells the hook of all', () => {
    const { keys, captured, orders } = setUp({ [TALK]: F8 });
    keys.startCapture('whisper.3');
    keys.handleDown(MOUSE_4, 'Mouse 4');
    expect(captured).toEqual([['whisper.3', MOUSE_4]]);
    keys.setBinding('whisper.3', MOUSE_4);
    expect(orders.slice(1)).toEqual([
      { kind: 'capture', capturing: true },
      { kind: 'capture', capturing: false },
      {
        kind: 'watch',
        triggers: [
          { device: 'keyboard', code: F8.code },
          { device: 'mouse', code: 4 },
        ],
      },
    ]);
  });

  it('awaits a key for the name asked for last, and holds nothing meanwhile', () => {
    const { keys, captured, held, orders } = setUp();
    keys.startCapture(TALK);
    keys.startCapture(REPLY);
    keys.handleDown(F8, 'F8');
    keys.handleDown(F9, 'F9');
    expect(captured).toEqual([[REPLY, F8]]);
    expect(held).toEqual(['reply down']);
    expect(orders.filter(({ kind }) => kind === 'capture')).toHaveLength(2);
  });

  it('ends the choice when a binding is set for that name, and not for another', () => {
    const { keys, captured } = setUp();
    keys.startCapture(TALK);
    keys.setBinding(REPLY, MOUSE_4);
    keys.setBinding(TALK, F8);
    keys.handleDown(MOUSE_4, 'Mouse 4');
    expect(captured).toEqual([]);
    expect(keys.isHeld(REPLY)).toBe(true);
  });

  it('gives up on Escape and does not take the left button', () => {
    const { keys, captured } = setUp();
    keys.startCapture(TALK);
    keys.handleDown({ device: 'mouse', code: 1 }, 'Left click');
    expect(captured).toEqual([]);
    keys.handleDown({ device: 'keyboard', code: 1 }, 'Escape');
    expect(captured).toEqual([[TALK, null]]);
  });

  it('tells a hook that was started again what to look for', () => {
    const { keys } = setUp({ [TALK]: F8 });
    keys.handleHookLost();
    keys.startCapture(REPLY);
    const orders: HotkeyCommand[] = [];
    keys.handleHookReady((command) => orders.push(command));
    expect(orders).toEqual([
      { kind: 'watch', triggers: [{ device: 'keyboard', code: F8.code }] },
      { kind: 'capture', capturing: true },
    ]);
  });

  it('takes MAX_BINDINGS keys, one below and not one more', () => {
    const { keys, orders } = setUp({});
    const bind = (at: number): boolean => keys.setBinding(`whisper.${at}`, { ...F8, code: at });
    for (let at = 1; at <= MAX_BINDINGS; at += 1) expect(bind(at)).toBe(true);
    expect(bind(MAX_BINDINGS + 1)).toBe(false);
    expect(bind(1)).toBe(true);
    const last = orders.at(-1);
    expect(last?.kind === 'watch' && last.triggers.length).toBe(MAX_BINDINGS);
    keys.setBinding('whisper.1', null);
    expect(bind(MAX_BINDINGS + 1)).toBe(true);
  });
});
