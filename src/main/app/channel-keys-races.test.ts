import { describe, expect, it } from 'vitest';
import type { KeyMessage } from '../../core/session/session-engine.ts';
import { memberFor } from '../../core/sim/sim-room.ts';
import { ADA, BOB, change, EVE, KeysRig, keyOf, stateOf, takeIn } from './channel-keys-rig.ts';
import type { ToyGroup } from './toy-group.ts';

describe('ChannelKeys that renews its keys', () => {
  it('never hands out the same sending key again, whatever happens meanwhile', async () => {
    const rig = new KeysRig();
    const bob = await rig.welcomedBy();
    const spent = rig.lastPush.own;
    rig.keys.renew();
    expect(rig.lastPush).toMatchObject({ keyId: 8, own: null });
    expect(rig.lastPush.members.get(2)).toBe(await keyOf(bob, BOB));
    await rig.settle();
    const { package: offered } = rig.take('keyPackage');
    rig.members.push(memberFor(3));
    await rig.roster();
    rig.members.push(memberFor(44, { identity: BOB }));
    await rig.roster();
    await rig.handle({ type: 'committed', state: stateOf(1), from: BOB, commit: null });
    expect(rig.pushed.slice(1).map(({ own }) => own)).not.toContain(spent);
    await takeIn(bob, ADA, offered, (welcome) =>
      rig.handle({ type: 'groupWelcome', state: stateOf(2), welcome }),
    );
    expect(rig.lastPush.own).toBe(await keyOf(bob, ADA));
    expect(rig.lastPush.own).not.toBe(spent);
  });

  it('offers its package again when the lane had broken in between', async () => {
    const rig = new KeysRig();
    await rig.welcomedBy();
    rig.connected = false;
    rig.keys.renew();
    await rig.settle();
    expect(rig.sent).toEqual([]);
    rig.connected = true;
    rig.keys.handleResumed();
    await rig.settle();
    rig.take('keyPackage');
  });

  it('offers nothing after a resume when it has what it needs', async () => {
    const rig = new KeysRig();
    await rig.welcomedBy();
    rig.keys.handleResumed();
    await rig.settle();
    expect(rig.sent).toEqual([]);
    expect(rig.pushed).toHaveLength(1);
  });

  it('does nothing in no channel', async () => {
    const rig = new KeysRig();
    rig.keys.renew();
    rig.keys.handleResumed();
    rig.keys.handleRefused('keyRejected');
    await rig.settle();
    expect([rig.sent, rig.pushed]).toEqual([[], []]);
  });
});

describe('ChannelKeys that goes elsewhere while a job is under way', () => {
  /** The group of channel 1 stops before its next operation until `release` is called. */
  function hold(group: ToyGroup): () => void {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    group.gate = () => held;
    return release;
  }

  it.each<[string, (rig: KeysRig, bob: ToyGroup) => Promise<KeyMessage>]>([
    ['a package', async () => ({ type: 'keyPackageWanted', channel: 1, reset: false })],
    ['a reset', async () => ({ type: 'keyPackageWanted', channel: 1, reset: true })],
    [
      'a commit of ours',
      async () => ({ type: 'commitWanted', state: stateOf(1), found: false, add: [], remove: [BOB] }),
    ],
    [
      'a founding',
      async () => ({ type: 'commitWanted', state: stateOf(0, 8), found: true, add: [], remove: [] }),
    ],
    [
      'a commit of another',
      async (_, bob) => ({
        type: 'committed',
        state: stateOf(1),
        from: BOB,
        commit: await change(bob, [EVE]),
      }),
    ],
    [
      'a commit that fails',
      async () => ({ type: 'committed', state: stateOf(4), from: BOB, commit: 'AAAA' }),
    ],
    ['a welcome', async () => ({ type: 'groupWelcome', state: stateOf(2), welcome: 'AAAA' })],
  ])('sends and pushes nothing more of %s', async (_, make) => {
    const rig = new KeysRig();
    const bob = await rig.welcomedBy();
    const message = await make(rig, bob);
    const old = rig.group;
    const release = hold(old);
    rig.keys.handleMessage(message);
    // Let the job come as far as it can.
    await Promise.resolve();
    await Promise.resolve();
    rig.keys.handleRoster(2, 0);
    const pushes = rig.pushed.length;
    release();
    await rig.settle();
    expect(rig.sent.map((sent) => ('channel' in sent ? sent.channel : sent.type))).toEqual([2]);
    expect(rig.pushed.slice(pushes)).toEqual([]);
    expect(rig.lastPush.own).toBeNull();
    expect(rig.keys.describe(0).state).toBe('waiting');
    expect(rig.keys.counters.outOfStep).toBe(0);
    // The secrets of the old channel are gone, whatever the job made of them.
    expect(old.groupId).toBeNull();
    expect(old.done.at(-1)).toBe('clear');
  });

  it('pushes nothing when the channel changes while keys are derived', async () => {
    const rig = new KeysRig();
    const bob = await rig.welcomedBy();
    const commit = await change(bob, [EVE]);
    const { group } = rig;
    const derive = group.mediaKeys.bind(group);
    group.mediaKeys = async () => {
      const keys = await derive();
      rig.keys.handleRoster(2, 0);
      return keys;
    };
    const before = rig.lastPush.own;
    await rig.handle({ type: 'committed', state: stateOf(1), from: BOB, commit });
    expect(rig.lastPush.own).toBeNull();
    expect(rig.pushed.map(({ own }) => own)).toEqual([before, null]);
  });

  it('works off nothing that still waited for the channel it left', async () => {
    const rig = new KeysRig();
    await rig.welcomedBy();
    const old = rig.group;
    const release = hold(old);
    for (let count = 0; count < 3; count += 1)
      rig.keys.handleMessage({ type: 'keyPackageWanted', channel: 1, reset: false });
    await Promise.resolve();
    await Promise.resolve();
    const done = old.done.length;
    rig.keys.handleRoster(null, 0);
    release();
    await rig.settle();
    expect(old.done.slice(done).filter((operation) => operation !== 'clear')).toEqual(['createPackage']);
    expect(rig.sent).toEqual([]);
  });

  it('begins anew on coming back into the same channel', async () => {
    const rig = new KeysRig();
    await rig.welcomedBy();
    await rig.roster(null);
    expect(rig.lastPush.own).toBeNull();
    await rig.roster(1);
    rig.take('keyPackage');
    expect(rig.groups).toHaveLength(2);
    rig.keys.handleNewSession();
    await rig.roster(1);
    rig.take('keyPackage');
    expect(rig.groups).toHaveLength(3);
  });
});
