import { describe, expect, it } from 'vitest';
import type { Binding } from '../../contract/dto.ts';
import type { HotkeyCommand } from './hotkey-protocol.ts';
import { PushToTalk } from './push-to-talk.ts';

const F8: Binding = { device: 'keyboard', code: 66, label: 'F8' };
const MOUSE_4: Binding = { device: 'mouse', code: 4, label: 'Mouse 4' };

function setUp(binding: Binding | null = F8) {
  const held: boolean[] = [];
  const captured: (Binding | null)[] = [];
  const orders: HotkeyCommand[] = [];
  const keys = new PushToTalk({
    onDidChange: (value) => held.push(value),
    onDidCapture: (value) => captured.push(value),
  });
  keys.setBinding(binding);
  keys.handleHookReady((command) => orders.push(command));
  return { keys, held, captured, orders };
}

describe('PushToTalk', () => {
  it('is held from the first press to the release, whatever repeats in between', () => {
    const { keys, held } = setUp();
    keys.handleDown(F8, 'F8');
    keys.handleDown(F8, 'F8');
    keys.handleUp(F8);
    expect(held).toEqual([true, false]);
  });

  it('heeds only the bound key of the bound device', () => {
    const { keys, held } = setUp();
    keys.handleDown({ device: 'mouse', code: F8.code }, '');
    keys.handleDown({ device: 'keyboard', code: F8.code + 1 }, '');
    expect(held).toEqual([]);
  });

  it.each([
    ['the hook dies', (keys: PushToTalk) => keys.handleHookLost()],
    ['another key is bound', (keys: PushToTalk) => keys.setBinding(MOUSE_4)],
    ['the binding is cleared', (keys: PushToTalk) => keys.setBinding(null)],
    ['a new key is being chosen', (keys: PushToTalk) => keys.startCapture()],
  ])('closes when %s while the key is held', (_name, act) => {
    const { keys, held } = setUp();
    keys.handleDown(F8, 'F8');
    act(keys);
    expect(held).toEqual([true, false]);
    expect(keys.held).toBe(false);
  });

  it('makes the next key or button the binding, and tells the hook to look for it alone', () => {
    const { keys, captured, orders } = setUp(null);
    keys.startCapture();
    keys.handleDown(MOUSE_4, 'Mouse 4');
    expect(captured).toEqual([MOUSE_4]);
    keys.setBinding(MOUSE_4);
    expect(orders.at(-1)).toEqual({ kind: 'watch', trigger: { device: 'mouse', code: 4 } });
    expect(orders).toContainEqual({ kind: 'capture', capturing: false });
  });

  it('gives up on Escape and does not take the left button', () => {
    const { keys, captured } = setUp();
    keys.startCapture();
    keys.handleDown({ device: 'mouse', code: 1 }, 'Left click');
    expect(captured).toEqual([]);
    keys.handleDown({ device: 'keyboard', code: 1 }, 'Escape');
    expect(captured).toEqual([null]);
  });

  it('tells a hook that was started again what to look for', () => {
    const { keys } = setUp();
    keys.handleHookLost();
    const orders: HotkeyCommand[] = [];
    keys.handleHookReady((command) => orders.push(command));
    expect(orders).toEqual([{ kind: 'watch', trigger: { device: 'keyboard', code: F8.code } }]);
  });
});
