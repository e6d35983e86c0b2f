import { describe, expect, it } from 'vitest';
import { bytesToBase64Url } from '../../core/base/base64url.ts';
import { memberFor } from '../../core/sim/sim-room.ts';
import { MAX_KEY_REFUSALS, MAX_WAITING_KEY_MESSAGES } from './channel-keys.ts';
import { ADA, BOB, change, EVE, KeysRig, keyOf, stateOf, takeIn } from './channel-keys-rig.ts';
import { ToyGroup } from './toy-group.ts';

describe('ChannelKeys', () => {
  it('offers a key package on entering and waits for keys', async () => {
    const rig = new KeysRig();
    await rig.roster();
    expect(rig.take('keyPackage')).toMatchObject({ channel: 1 });
    expect(rig.keys.describe(0)).toEqual({ state: 'waiting', epoch: 0, groupCode: '', strangers: 0 });
    expect(rig.pushed).toEqual([]);
    await rig.roster();
    expect(rig.sent).toEqual([]);
  });

  it('founds a group when asked, and speaks once the relay has taken it', async () => {
    const rig = new KeysRig();
    rig.members = [memberFor(1)];
    await rig.found();
    expect(rig.keys.describe(0)).toMatchObject({ state: 'sealed', epoch: 0, strangers: 0 });
    expect(rig.lastPush.own).toBe(await keyOf(rig.group, ADA));
    expect([...rig.keys.holders]).toEqual([ADA]);
  });

  it('is welcomed, and gives each key to the voice thread under the token of its holder', async () => {
    const rig = new KeysRig();
    const bob = await rig.welcomedBy();
    expect(rig.keys.describe(0)).toMatchObject({ state: 'sealed', epoch: 1 });
    expect(rig.keys.describe(0).groupCode).toMatch(/^code .{4}$/);
    expect(rig.pushed).toEqual([
      {
        keyId: 8,
        own: await keyOf(bob, ADA),
        members: new Map([[2, await keyOf(bob, BOB)]]),
      },
    ]);
  });

  it('commits others in and out', async () => {
    const rig = new KeysRig();
    await rig.found();
    const bob = await rig.takeInBob(0);
    expect(rig.lastPush.members.get(2)).toBe(await keyOf(bob, BOB));
    const former = rig.lastPush.own;
    await rig.handle({ type: 'commitWanted', state: stateOf(1), found: false, add: [], remove: [BOB] });
    const { commit } = rig.take('commit');
    await rig.handle({ type: 'committed', state: stateOf(1), from: ADA, commit });
    expect([...rig.keys.holders]).toEqual([ADA]);
    expect(rig.lastPush.own).not.toBe(former);
    expect(rig.lastPush.members.size).toBe(0);
  });

  it('does not take in whom the member list does not show in our channel', async () => {
    const rig = new KeysRig();
    rig.members = [memberFor(1), memberFor(2), memberFor(3, { channel: 2 })];
    await rig.found();
    const packages = await Promise.all(
      [BOB, EVE].map(async (identity) => ({
        identity,
        package: bytesToBase64Url(await new ToyGroup(identity).createPackage()),
      })),
    );
    await rig.handle({ type: 'commitWanted', state: stateOf(0), found: false, add: packages, remove: [] });
    expect(rig.take('commit').skipped).toEqual([EVE]);
    expect(rig.keys.counters.strangersRefused).toBe(1);
    rig.members = [memberFor(1), memberFor(2)];
    await rig.handle({
      type: 'commitWanted',
      state: stateOf(0),
      found: false,
      add: packages.slice(1),
      remove: [],
    });
    expect(rig.take('commit')).toMatchObject({ commit: null, welcome: null, skipped: [EVE] });
  });

  it('names those whose packages were no good, besides those it refused', async () => {
    const rig = new KeysRig();
    await rig.found();
    const add = [
      { identity: BOB, package: bytesToBase64Url(await new ToyGroup(EVE).createPackage()) },
      { identity: EVE, package: bytesToBase64Url(await new ToyGroup(EVE).createPackage()) },
    ];
    await rig.handle({ type: 'commitWanted', state: stateOf(0), found: false, add, remove: [] });
    expect(rig.take('commit')).toMatchObject({ commit: null, welcome: null, skipped: [EVE, BOB] });
  });

  it('drops its own commit when another one won', async () => {
    const rig = new KeysRig();
    const bob = await rig.welcomedBy();
    rig.members.push(memberFor(3));
    const offered = bytesToBase64Url(await new ToyGroup(EVE).createPackage());
    const add = [{ identity: EVE, package: offered }];
    await rig.handle({ type: 'commitWanted', state: stateOf(1), found: false, add, remove: [] });
    rig.take('commit');
    const won = await takeIn(bob, EVE, offered, async () => {});
    await rig.handle({ type: 'committed', state: stateOf(1), from: BOB, commit: won });
    expect(rig.lastPush.own).toBe(await keyOf(bob, ADA));
    expect(rig.keys.counters).toMatchObject({ commitsApplied: 1, outOfStep: 0 });
    rig.keys.handleRefused('staleCommit');
    await rig.settle();
    expect(rig.sent).toEqual([]);
  });

  it('falls silent and offers one package, not several, when it is out of step', async () => {
    const rig = new KeysRig();
    const bob = await rig.welcomedBy();
    await rig.handle({ type: 'committed', state: stateOf(5), from: BOB, commit: 'AAAA' });
    expect(rig.lastPush).toMatchObject({ keyId: 0, own: null });
    expect(rig.keys.describe(0).state).toBe('waiting');
    const { package: offered } = rig.take('keyPackage');
    await rig.handle({ type: 'committed', state: stateOf(6), from: BOB, commit: 'AAAA' });
    expect(rig.sent).toEqual([]);
    expect(rig.keys.counters.outOfStep).toBe(2);
    await takeIn(bob, ADA, offered, (welcome) =>
      rig.handle({ type: 'groupWelcome', state: stateOf(2), welcome }),
    );
    expect(rig.lastPush.own).toBe(await keyOf(bob, ADA));
  });

  it.each<[string, (bob: ToyGroup) => Promise<string>]>([
    ['is none', async () => 'AAAA'],
    ['is no base64url', async () => 'A'],
    ['puts us out', (bob) => change(bob, [ADA])],
  ])('says nothing more under the keys of an epoch whose commit %s', async (_, commitBy) => {
    const rig = new KeysRig();
    const bob = await rig.welcomedBy();
    const commit = await commitBy(bob);
    await rig.handle({ type: 'committed', state: stateOf(1), from: BOB, commit });
    expect(rig.lastPush.own).toBeNull();
    rig.take('keyPackage');
    // What comes later must not bring the old keys back.
    await rig.roster();
    expect(rig.lastPush.own).toBeNull();
  });

  it('takes no notice of a commit that it has behind it', async () => {
    const rig = new KeysRig();
    const bob = await rig.welcomedBy();
    const before = rig.lastPush;
    await rig.handle({ type: 'committed', state: stateOf(0), from: BOB, commit: await change(bob, [ADA]) });
    expect(rig.lastPush).toBe(before);
    expect(rig.sent).toEqual([]);
  });

  it('keeps its keys and their id when a commit is asked for in a state it is not in', async () => {
    const rig = new KeysRig();
    await rig.welcomedBy();
    await rig.handle({ type: 'commitWanted', state: stateOf(9), found: false, add: [], remove: [BOB] });
    rig.take('keyPackage');
    rig.members.push(memberFor(3));
    await rig.roster();
    expect(rig.pushed).toHaveLength(1);
    await rig.handle({ type: 'commitWanted', state: stateOf(0, 99), found: true, add: [], remove: [] });
    rig.take('commit');
    rig.members = rig.members.slice(0, 1);
    await rig.roster();
    expect(rig.lastPush.keyId).toBe(8);
  });

  it('lets a rubbish welcome change no key id, and asks again', async () => {
    const rig = new KeysRig();
    await rig.roster();
    rig.take('keyPackage');
    await rig.handle({ type: 'groupWelcome', state: stateOf(3, 200), welcome: 'AAAA' });
    expect(rig.pushed).toEqual([]);
    rig.take('keyPackage');
  });

  it('forgets the group at once when the relay gave it up', async () => {
    const rig = new KeysRig();
    await rig.welcomedBy();
    rig.keys.handleMessage({ type: 'keyPackageWanted', channel: 1, reset: true });
    expect(rig.lastPush).toMatchObject({ own: null, members: new Map() });
    expect(rig.keys.describe(0).state).toBe('waiting');
    await rig.settle();
    expect(rig.group.groupId).toBeNull();
    rig.take('keyPackage');
  });

  it('is not brought back into a group that was given up by what was under way', async () => {
    const rig = new KeysRig();
    const bob = await rig.welcomedBy();
    const commit = await change(bob, [EVE]);
    rig.keys.handleMessage({ type: 'committed', state: stateOf(1), from: BOB, commit });
    rig.keys.handleMessage({ type: 'keyPackageWanted', channel: 1, reset: true });
    await rig.settle();
    expect(rig.lastPush.own).toBeNull();
    expect(rig.keys.describe(0).state).toBe('waiting');
  });

  it('sends a package when asked, and keeps what it has', async () => {
    const rig = new KeysRig();
    await rig.welcomedBy();
    await rig.handle({ type: 'keyPackageWanted', channel: 1, reset: false });
    rig.take('keyPackage');
    expect(rig.pushed).toHaveLength(1);
  });

  it('counts messages for other channels, and does nothing else with them', async () => {
    const rig = new KeysRig();
    await rig.handle({ type: 'keyPackageWanted', channel: 1, reset: false });
    await rig.roster();
    rig.take('keyPackage');
    await rig.handle({ type: 'keyPackageWanted', channel: 2, reset: true });
    await rig.handle({ type: 'groupWelcome', state: stateOf(1, 7, 2), welcome: 'AAAA' });
    expect(rig.keys.counters.foreignMessages).toBe(3);
    expect(rig.sent).toEqual([]);
  });

  it('pushes the keys of the same epoch again when a token comes or goes, and not otherwise', async () => {
    const rig = new KeysRig();
    rig.members = [memberFor(1)];
    await rig.welcomedBy();
    expect(rig.lastPush.members.size).toBe(0);
    rig.members = [memberFor(1), memberFor(22, { identity: BOB })];
    await rig.roster();
    expect([...rig.lastPush.members.keys()]).toEqual([22]);
    expect(new Set(rig.pushed.map(({ own, keyId }) => `${own}/${keyId}`)).size).toBe(1);
    await rig.roster();
    expect(rig.pushed).toHaveLength(2);
  });

  it('answers a bounded number of refusals, until the relay asks by itself', async () => {
    const rig = new KeysRig();
    await rig.roster();
    rig.take('keyPackage');
    for (let count = 0; count < MAX_KEY_REFUSALS + 2; count += 1) {
      rig.keys.handleRefused('keyRejected');
      await rig.settle();
    }
    expect(rig.sent).toHaveLength(MAX_KEY_REFUSALS);
    await rig.handle({ type: 'keyPackageWanted', channel: 1, reset: false });
    rig.keys.handleRefused('keyRejected');
    await rig.settle();
    expect(rig.sent).toHaveLength(MAX_KEY_REFUSALS + 2);
  });

  it('drops what floods it, counted, and finds its way back', async () => {
    const rig = new KeysRig();
    const bob = await rig.welcomedBy();
    for (let count = 0; count < MAX_WAITING_KEY_MESSAGES + 10; count += 1)
      rig.keys.handleMessage({ type: 'committed', state: stateOf(0), from: BOB, commit: 'AAAA' });
    expect(rig.keys.counters.overflow).toBe(10);
    await rig.settle();
    const { package: offered } = rig.take('keyPackage');
    expect(rig.sent).toEqual([]);
    await takeIn(bob, ADA, offered, (welcome) =>
      rig.handle({ type: 'groupWelcome', state: stateOf(2), welcome }),
    );
    expect(rig.keys.describe(0)).toMatchObject({ state: 'sealed', epoch: 2 });
  });

  it('counts a failure of the library and asks to be taken in anew', async () => {
    const rig = new KeysRig();
    await rig.welcomedBy();
    let failing = true;
    rig.group.gate = async () => {
      if (!failing) return;
      failing = false;
      throw new Error('the library refuses');
    };
    await rig.handle({ type: 'commitWanted', state: stateOf(1), found: false, add: [], remove: [BOB] });
    expect(rig.keys.counters.failures).toBe(1);
    rig.take('keyPackage');
  });

  it('survives a library that always fails', async () => {
    const rig = new KeysRig();
    await rig.roster();
    rig.take('keyPackage');
    rig.group.gate = () => Promise.reject(new Error('the library refuses'));
    await rig.handle({ type: 'groupWelcome', state: stateOf(1), welcome: 'AAAA' });
    await rig.handle({ type: 'groupWelcome', state: stateOf(1), welcome: 'AAAA' });
    expect(rig.keys.counters.failures).toBe(4);
    await rig.roster(null);
    expect(rig.sent).toEqual([]);
  });
});
