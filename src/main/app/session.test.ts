import { describe, expect, it, vi } from 'vitest';
import { bytesToBase64Url } from '../../core/base/base64url.ts';
import { memberFor, simChannelConfig, simChannels, simIdentity } from '../../core/sim/sim-room.ts';
import type { ChannelInfo } from '../../core/wire/channels.ts';
import { AppRig, ada, OTHER_CERTIFICATE, settle, welcomeMessage } from './app-rig.ts';

const BOB = simIdentity(8);
const state = { channel: 1, generation: 3, epoch: 0 };

/** We found the group of the lobby and hold its keys. */
async function withKeys(rig: AppRig): Promise<void> {
  await settle();
  rig.take('keyPackage');
  await rig.say({ type: 'commitWanted', state, found: true, add: [], remove: [] });
  rig.take('commit');
  await rig.say({ type: 'committed', state, from: simIdentity(1), commit: null });
}

/** The lane breaks, and the next attempt to reconnect opens another. */
async function reopen(rig: AppRig): Promise<void> {
  const lanes = rig.lanes.length;
  rig.lane.request.onDidClose('closed');
  for (let waits = 0; waits < 200 && rig.lanes.length === lanes; waits += 1) vi.advanceTimersByTime(50);
  await settle();
  expect(rig.lanes.length).toBe(lanes + 1);
}

async function inFakeTime(work: () => Promise<void>): Promise<void> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    await work();
  } finally {
    vi.useRealTimers();
  }
}

describe('A session', () => {
  it('seals under the keys of its channel and shows who has them', async () => {
    const rig = new AppRig();
    await rig.enter();
    await settle();
    const [offered] = rig.take('keyPackage');
    expect(offered?.channel).toBe(1);
    await withKeys(rig);
    expect(rig.connected.sealing).toMatchObject({ state: 'sealed', epoch: 0, strangers: 0 });
    expect(rig.app.getState().members.map(({ keys }) => keys)).toEqual(['sealed', 'noKey']);
    expect(rig.orders.at(-1)).toBe('epoch 3 speaking');
    expect(rig.app.getStats().keys).toMatchObject({ commitsApplied: 1 });
  });

  it('keeps keys and whispers when it is resumed, and only the path is new', () =>
    inFakeTime(async () => {
      const rig = new AppRig();
      await rig.enter();
      await withKeys(rig);
      await rig.app.handlers.setWhisperButton({ target: { kind: 'member', token: 8 }, down: true });
      await settle();
      rig.app.handleVoiceFact({ kind: 'voicePath', path: 'lane' });
      const orders = rig.orders.length;
      await reopen(rig);
      expect(rig.app.getState().connection).toMatchObject({ phase: 'reconnecting' });
      await rig.greet(welcomeMessage({ resumed: true }));
      expect(rig.take('hello')[0]?.resume).toEqual({ token: 7, secret: 'A'.repeat(43), chatSeen: 0 });
      const after = rig.orders.slice(orders);
      expect(after).toContain('connect 192.0.2.1 48480 7');
      expect(after.filter((order) => /^(epoch|whisperTarget|inRoom false|disconnect)/.test(order))).toEqual(
        [],
      );
      expect(rig.take('keyPackage')).toEqual([]);
      expect(rig.take('whisperKey')).toEqual([]);
      expect(rig.connected).toMatchObject({ voiceRoute: 'udp', sealing: { state: 'sealed' } });
      rig.app.handleVoiceFact({ kind: 'voicePath', path: 'lane' });
      expect(rig.take('voicePath')).toEqual([{ type: 'voicePath', path: 'lane' }]);
      expect(rig.app.getState().whispers.activeTo).toBe('Bob');
    }));

  it('offers a key package again that may have been lost with the lane', () =>
    inFakeTime(async () => {
      const rig = new AppRig();
      await rig.enter();
      await settle();
      expect(rig.take('keyPackage')).toHaveLength(1);
      await reopen(rig);
      await rig.greet(welcomeMessage({ resumed: true }));
      await settle();
      expect(rig.take('keyPackage')).toHaveLength(1);
    }));

  it('renews keys and whispers when it is another one', () =>
    inFakeTime(async () => {
      const rig = new AppRig();
      await rig.enter();
      await withKeys(rig);
      await rig.app.handlers.setWhisperButton({ target: { kind: 'member', token: 8 }, down: true });
      const orders = rig.orders.length;
      await reopen(rig);
      await rig.greet(
        welcomeMessage({ token: 70, members: [{ ...ada(), token: 70 }, memberFor(8, { nickname: 'Bob' })] }),
      );
      const after = rig.orders.slice(orders);
      expect(after).toContain('connect 192.0.2.1 48480 70');
      expect(after).toEqual(expect.arrayContaining(['epoch 0 silent', 'whisperTarget 1 null']));
      expect(rig.take('keyPackage')).toHaveLength(1);
      expect(rig.take('whisperKey')).toMatchObject([{ to: 8, target: 8 }]);
      expect(rig.connected.sealing.state).toBe('waiting');
      expect(rig.identity.groups).toHaveLength(2);
    }));

  it('pins no certificate that was refused while it reconnects', () =>
    inFakeTime(async () => {
      const rig = new AppRig();
      await rig.enter();
      await reopen(rig);
      expect(rig.lane.request.acceptCertificate(OTHER_CERTIFICATE)).toBe(false);
      await rig.app.handlers.bookmarkThisRoom(null);
      expect(rig.bookmarks.list()).toMatchObject([
        { certificateSha256: rig.people.knownRelay('room.example:48480') },
      ]);
      rig.lane.request.onDidClose('certificate');
      expect(rig.app.getState().connection).toEqual({ phase: 'idle' });
      expect(rig.notices).toEqual([expect.stringMatching(/should begin with cccc .*begins with dddd/)]);
    }));

  it('uses no key again when the voice thread died, and looks for UDP anew', async () => {
    const rig = new AppRig();
    await rig.enter();
    await withKeys(rig);
    await rig.app.handlers.saveWhisperList({ list: null, name: 'Friends', targets: [BOB] });
    await settle();
    rig.take('whisperKey');
    rig.app.handleVoiceFact({ kind: 'voicePath', path: 'lane' });
    const orders = rig.orders.length;
    rig.app.handleThreadCrash('voice', 'out of memory');
    await settle();
    await rig.say({ type: 'memberJoined', member: memberFor(9) });
    const after = rig.orders.slice(orders);
    expect(after).toContain('epoch 3 silent');
    expect(after.filter((order) => order.endsWith('speaking'))).toEqual([]);
    expect(rig.take('keyPackage')).toHaveLength(1);
    expect(rig.take('whisperKey')).toMatchObject([{ to: 8 }]);
    expect(rig.take('voicePath').at(-1)).toEqual({ type: 'voicePath', path: 'udp' });
    expect(rig.connected.voiceRoute).toBe('udp');
    expect(rig.notices).toEqual([expect.stringContaining('voice thread stopped')]);
  });

  it('takes keys to be whispered to with, and shows who whispers', async () => {
    const rig = new AppRig();
    await rig.enter();
    const sealed = bytesToBase64Url(Uint8Array.of(4));
    await rig.say({ type: 'whisperKeyFrom', from: 8, target: 7, sealed });
    expect(rig.orders).toContain('whisperKey 8 7');
    rig.app.handleVoiceFact({ kind: 'meters', outputDb: -20, talkingTokens: [8], whisperingTokens: [8] });
    expect(rig.app.getState().whispers.lastFrom).toBe('Bob');
    expect(rig.app.getState().members[1]).toMatchObject({ talking: true, whispering: true });
  });

  it('answers a refused key with another, and a stale commit with nothing', async () => {
    const rig = new AppRig();
    await rig.enter();
    await settle();
    rig.take('keyPackage');
    await rig.say({ type: 'refused', code: 'staleCommit', rule: null, request: null, chat: null });
    expect(rig.take('keyPackage')).toEqual([]);
    await rig.say({ type: 'refused', code: 'keyRejected', rule: null, request: null, chat: null });
    expect(rig.take('keyPackage')).toHaveLength(1);
  });
});

describe('History of a channel', () => {
  const keeping = (id: number, name: string): ChannelInfo => ({
    id,
    parent: null,
    name,
    locked: false,
    config: { ...simChannelConfig, historyDays: 7 },
  });
  const asked = (rig: AppRig) => rig.take('request').map(({ request }) => request);

  it('is asked for once, on entering each channel that keeps one', async () => {
    const rig = new AppRig();
    await rig.enter(welcomeMessage({ channels: [keeping(1, 'Lobby'), keeping(2, 'Kitchen')] }));
    expect(asked(rig)).toEqual([{ kind: 'history', channel: 1, before: null }]);
    for (const channel of [2, 1, 2]) await rig.say({ type: 'memberChanged', member: ada({ channel }) });
    expect(asked(rig)).toEqual([{ kind: 'history', channel: 2, before: null }]);
  });

  it('is not asked for where none is kept', async () => {
    const rig = new AppRig();
    await rig.enter(welcomeMessage({ channels: [...simChannels] }));
    expect(asked(rig)).toEqual([]);
  });

  it('is asked for again in another session, and not in the same', () =>
    inFakeTime(async () => {
      const rig = new AppRig();
      const channels = [keeping(1, 'Lobby')];
      await rig.enter(welcomeMessage({ channels }));
      rig.take('request');
      await reopen(rig);
      await rig.greet(welcomeMessage({ channels, resumed: true }));
      expect(asked(rig)).toEqual([]);
      await reopen(rig);
      await rig.greet(welcomeMessage({ channels }));
      expect(asked(rig)).toEqual([{ kind: 'history', channel: 1, before: null }]);
    }));
});
