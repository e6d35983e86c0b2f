import { describe, expect, it } from 'vitest';
import type { Binding } from '../../contract/dto.ts';
import { Bindings, readKeyName } from './bindings.ts';
import { MemorySettings } from './memory-settings.ts';

const F8: Binding = { device: 'keyboard', code: 66, label: 'F8' };
const F9: Binding = { device: 'keyboard', code: 67, label: 'F9' };

function setUp() {
  const settings = new MemorySettings();
  settings.update({ whisperLists: [{ id: 5, name: 'Friends', targets: [], binding: F9 }], replyKey: F8 });
  /** What the hook listens for. */
  const bound = new Map<string, Binding | null>();
  let capturing = '';
  let changes = 0;
  const bindings = new Bindings({
    settings,
    onDidChange: () => {
      changes += 1;
    },
  });
  bindings.attach({
    setBinding: (name, binding) => bound.set(name, binding),
    startCapture: (name) => {
      capturing = name;
    },
    cancelCapture: () => {
      capturing = '';
    },
  });
  return { bindings, settings, bound, capturing: () => capturing, changes: () => changes };
}

describe('Bindings', () => {
  it('gives the hook every key that was kept', () => {
    const { bound } = setUp();
    expect([...bound]).toEqual([
      ['pushToTalk', null],
      ['reply', F8],
      ['whisper.5', F9],
    ]);
  });

  it.each([
    ['pushToTalk', { kind: 'pushToTalk' }],
    ['reply', { kind: 'whisper', key: 'reply' }],
    ['whisper.5', { kind: 'whisper', key: 5 }],
  ] as const)('binds %s to the key that is pressed next, and keeps it', (name, use) => {
    const { bindings, settings, bound, capturing } = setUp();
    const binding: Binding = { device: 'mouse', code: 4, label: 'Button 4' };
    expect(bindings.setCapturing(use, true)).toBe(true);
    expect(capturing()).toBe(name);
    expect(bindings.capturing).toEqual(use);
    bindings.handleCaptured(name, binding);
    expect(bindings.capturing).toBeNull();
    expect(bound.get(name)).toEqual(binding);
    const { pushToTalk, replyKey, whisperLists } = settings.current;
    const kept = { pushToTalk, reply: replyKey, 'whisper.5': whisperLists[0]?.binding };
    expect(kept[name]).toEqual(binding);
    bindings.set(use, null);
    expect(bound.get(name)).toBeNull();
  });

  it('changes nothing when the person gives up, or cancels', () => {
    const { bindings, bound, capturing, changes } = setUp();
    bindings.setCapturing({ kind: 'whisper', key: 'reply' }, true);
    bindings.handleCaptured('reply', null);
    expect(bindings.capturing).toBeNull();
    expect(bound.get('reply')).toEqual(F8);
    bindings.setCapturing({ kind: 'pushToTalk' }, true);
    bindings.setCapturing({ kind: 'pushToTalk' }, false);
    expect([bindings.capturing, capturing()]).toEqual([null, '']);
    expect(changes()).toBe(4);
  });

  it('binds no key to a list that is not there', () => {
    const { bindings, bound } = setUp();
    expect(bindings.setCapturing({ kind: 'whisper', key: 6 }, true)).toBe(false);
    expect(bindings.capturing).toBeNull();
    bindings.handleCaptured('whisper.6', F8);
    bindings.handleCaptured('something else', F8);
    expect([...bound.keys()]).toEqual(['pushToTalk', 'reply', 'whisper.5']);
  });

  it('waits no longer for the key of a list that was removed meanwhile', () => {
    const { bindings, settings, bound, capturing } = setUp();
    bindings.setCapturing({ kind: 'whisper', key: 5 }, true);
    settings.update({ whisperLists: [] });
    bindings.forgetList(5);
    expect([bindings.capturing, capturing()]).toEqual([null, '']);
    bindings.handleCaptured('whisper.5', F8);
    expect(bound.get('whisper.5')).toBeNull();
  });

  it('goes on waiting for another key when a list is removed', () => {
    const { bindings } = setUp();
    bindings.setCapturing({ kind: 'pushToTalk' }, true);
    bindings.forgetList(5);
    expect(bindings.capturing).toEqual({ kind: 'pushToTalk' });
  });
});

describe('readKeyName', () => {
  it.each(['', 'whisper', 'whisper.', 'whisper.x', 'whisper.1.5', 'Reply'])('knows no %j', (name) => {
    expect(readKeyName(name)).toBeNull();
  });
});
