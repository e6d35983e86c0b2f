import { describe, expect, it } from 'vitest';
import { bytesToBase64Url } from '../../core/base/base64url.ts';
import { memberFor, simIdentity } from '../../core/sim/sim-room.ts';
import { NOBODY } from '../../core/voice/whisper-schedule.ts';
import { MAX_KEYS_BEING_OPENED } from './whispers.ts';
import { LIST, OWN, settle, WhispersRig } from './whispers-rig.ts';

describe('Whispers that come in', () => {
  const sealed = bytesToBase64Url(Uint8Array.of(9));

  it('hands on a key to us, or for a list we are on', async () => {
    const rig = new WhispersRig();
    await rig.whispers.handleKey({ type: 'whisperKeyFrom', from: 2, target: OWN, sealed });
    await rig.whispers.handleKey({ type: 'whisperKeyFrom', from: 2, target: LIST, sealed });
    expect(rig.received).toEqual([
      [2, OWN, 9],
      [2, LIST, 9],
    ]);
    expect(rig.whispers.counters.keysReceived).toBe(2);
  });

  it('refuses keys of strangers, for other people, and those that do not open', async () => {
    const rig = new WhispersRig();
    await rig.whispers.handleKey({ type: 'whisperKeyFrom', from: 66, target: OWN, sealed });
    await rig.whispers.handleKey({ type: 'whisperKeyFrom', from: 2, target: 3, sealed });
    rig.open = async () => ({ ok: false });
    await rig.whispers.handleKey({ type: 'whisperKeyFrom', from: 2, target: OWN, sealed });
    rig.open = () => Promise.reject(new Error('the library refuses'));
    await rig.whispers.handleKey({ type: 'whisperKeyFrom', from: 2, target: OWN, sealed });
    expect(rig.received).toEqual([]);
    expect(rig.whispers.counters).toMatchObject({ fromStrangers: 1, keysRefused: 3 });
  });

  it('drops a key whose sender left, or whose session ended, while it was opened', async () => {
    const rig = new WhispersRig();
    const opening = rig.whispers.handleKey({ type: 'whisperKeyFrom', from: 2, target: OWN, sealed });
    rig.members = [memberFor(OWN)];
    await opening;
    const another = rig.whispers.handleKey({ type: 'whisperKeyFrom', from: OWN, target: LIST, sealed });
    rig.ownToken = 50;
    await another;
    expect(rig.received).toEqual([]);
    expect(rig.whispers.counters.overtaken).toBe(2);
  });

  it('opens a bounded number at a time', async () => {
    const rig = new WhispersRig();
    const message = { type: 'whisperKeyFrom', from: 2, target: OWN, sealed } as const;
    await Promise.all(
      Array.from({ length: MAX_KEYS_BEING_OPENED + 3 }, () => rig.whispers.handleKey(message)),
    );
    expect(rig.whispers.counters).toMatchObject({ keysReceived: MAX_KEYS_BEING_OPENED, overflow: 3 });
    await rig.whispers.handleKey(message);
    expect(rig.whispers.counters.keysReceived).toBe(MAX_KEYS_BEING_OPENED + 1);
  });

  it('replies to whoever began to whisper last, in whatever order they are told', () => {
    const rig = new WhispersRig();
    rig.whispers.setHeld('key.reply', { kind: 'reply' }, true);
    expect(rig.goesTo).toBe(NOBODY);
    rig.whispers.handleWhispering([2]);
    rig.whispers.handleWhispering([3, 2]);
    rig.whispers.handleWhispering([]);
    expect(rig.whispers.describe(null, null).lastFrom).toBe('Member 3');
    rig.whispers.setHeld('key.reply', { kind: 'reply' }, true);
    expect(rig.goesTo).toBe(3);
    rig.members = rig.members.filter(({ token }) => token !== 3);
    rig.whispers.handleRoster();
    expect(rig.whispers.describe(null, null).lastFrom).toBe('');
    expect(rig.goesTo).toBe(NOBODY);
  });
});

describe('Whispers over sessions and crashes', () => {
  it('uses no key again after renewing, and goes on whispering', async () => {
    const rig = new WhispersRig();
    rig.addList([2, 3]);
    rig.press(4);
    const before = new Set(Array.from(rig.slots.values(), ({ key }) => key));
    rig.whispers.renew();
    await settle();
    const after = Array.from(rig.slots.values(), ({ key }) => key);
    expect(after).toHaveLength(2);
    expect(after.some((key) => before.has(key))).toBe(false);
    expect(rig.goesTo).toBe(4);
    // Receivers tell the new keys from those before by their ids.
    expect(Array.from(rig.slots.values(), ({ keyId }) => keyId)).toEqual([2, 2]);
  });

  it('sends no key that another one has replaced meanwhile', async () => {
    const rig = new WhispersRig();
    rig.press(2);
    rig.whispers.renew();
    await settle();
    expect(rig.sent).toEqual([{ to: 2, target: 2, keyId: 2 }]);
    expect(rig.whispers.counters.overtaken).toBe(1);
  });

  it('sends nothing of a session that ended meanwhile, and blames nobody', async () => {
    const rig = new WhispersRig();
    rig.seal = async () => null;
    rig.press(2);
    rig.whispers.handleEnd();
    await settle();
    expect([rig.sent, rig.notices]).toEqual([[], []]);
    expect(rig.whispers.counters.sealingFailed).toBe(0);
  });

  it('keeps nothing of a session that ended', () => {
    const rig = new WhispersRig();
    rig.addList([2]);
    rig.press(3);
    rig.whispers.handleWhispering([2]);
    rig.whispers.handleEnd();
    expect([rig.slots.size, rig.goesTo, rig.activeTo]).toEqual([0, null, '']);
    expect(rig.whispers.describe(null, null).lastFrom).toBe('');
    rig.release(3);
    expect(rig.goesTo).toBeNull();
    expect(rig.notices).toEqual([]);
  });

  it('makes keys anew that could not be sent while the connection was away', async () => {
    const rig = new WhispersRig();
    rig.connected = false;
    rig.addList([2]);
    rig.press(3);
    await settle();
    expect(rig.sent).toEqual([]);
    rig.connected = true;
    rig.whispers.handleRoster();
    await settle();
    expect(rig.sent.map(({ to, keyId }) => [to, keyId])).toEqual([
      [2, 2],
      [3, 2],
    ]);
    expect(Array.from(rig.slots.values(), ({ keyId }) => keyId)).toEqual([2, 2]);
  });

  it('describes the lists as they are kept', () => {
    const rig = new WhispersRig();
    rig.addList([2, 99]);
    expect(rig.whispers.describe(5, null)).toEqual({
      lists: [{ id: 5, name: 'List 5', targets: [simIdentity(2), simIdentity(99)], binding: null }],
      replyBinding: null,
      capturing: 5,
      activeTo: '',
      lastFrom: '',
    });
  });
});
