import { describe, expect, test } from 'vitest';
import { MAX_KEY_PACKAGE_BYTES } from '../wire/key-delivery.ts';
import { KeyRig, passUntilAsked, startRoom } from './key-delivery-rig.ts';
import { FIRST_GATHER_MS } from './key-limits.ts';

describe('a member who was away', () => {
  test('and missed nothing keeps its key', () => {
    const { rig, clients } = startRoom(3);
    rig.pass(60_000);
    const [anna] = clients;
    if (anna !== undefined) rig.hold(anna);
    rig.pass(60_000);
    if (anna !== undefined) rig.reconnect(anna);
    rig.pass(1_000);
    expect(rig.faults()).toEqual([]);
    expect(anna?.count('keyPackageWanted')).toBe(0);
  });

  test('stays in the group meanwhile, and is taken in anew when it missed an epoch', () => {
    const { rig, clients } = startRoom(3);
    rig.pass(60_000);
    const [anna] = clients;
    if (anna !== undefined) rig.hold(anna);
    rig.enter();
    rig.pass(60_000);
    expect(rig.group()).toEqual(rig.present());
    if (anna !== undefined) rig.reconnect(anna);
    rig.pass(FIRST_GATHER_MS + 6 * rig.delayMs);
    expect(rig.faults()).toEqual([]);
    expect(anna?.got.filter((message) => message.type === 'keyPackageWanted')).toMatchObject([
      { reset: false },
    ]);
  });

  test('and may have missed what was sent just before its lane broke, is taken in anew', () => {
    const { rig, clients } = startRoom(3);
    rig.enter();
    rig.pass(FIRST_GATHER_MS + 3 * rig.delayMs);
    // Sent, but not there yet.
    expect(rig.group().length).toBe(4);
    const [anna] = clients;
    if (anna !== undefined) rig.hold(anna);
    rig.pass(100);
    if (anna !== undefined) rig.reconnect(anna);
    rig.pass(2_000);
    expect(rig.faults()).toEqual([]);
  });

  test('whose place ran out is removed', () => {
    const { rig, clients } = startRoom(3);
    const [anna] = clients;
    if (anna !== undefined) rig.hold(anna);
    rig.pass(120_000);
    if (anna !== undefined) rig.depart(anna);
    rig.pass(1_000);
    expect(rig.faults()).toEqual([]);
    expect(rig.group().length).toBe(2);
  });

  test('finds no group after a restart of the relay; the first to answer founds it', () => {
    const { rig, clients } = startRoom(3);
    const restarted = new KeyRig();
    for (const client of clients) restarted.clients.push(client);
    // A relay that lost its memory: the same members, none of whom it has seen enter.
    const fresh = rig.startKeys();
    const asked: boolean[] = [];
    const out = {
      ...rig.out,
      sendControl: (_lane: number, message: { readonly type: string; readonly reset?: boolean }) => {
        if (message.type === 'keyPackageWanted') asked.push(message.reset === true);
      },
    };
    for (const { member } of clients) fresh.handleReconnected(member, rig.nowMs, out);
    expect(asked).toEqual([true, true, true]);
    const [anna, ben] = clients.map(({ member }) => member);
    if (anna === undefined || ben === undefined) throw new Error('three were started');
    fresh.handleKeyPackage(ben, { type: 'keyPackage', channel: 1, package: 'a' }, rig.nowMs, out);
    fresh.handleDeadline(rig.nowMs + FIRST_GATHER_MS, out);
    expect(fresh.outstanding).toBe(1);
    fresh.handleKeyPackage(anna, { type: 'keyPackage', channel: 1, package: 'b' }, rig.nowMs, out);
    expect(fresh.counters).toMatchObject({ packagesWanted: 3, commitsAsked: 1 });
  });
});

describe('hostile messages', () => {
  test('from outside the channel, or too long, are refused and disturb nobody', () => {
    const { rig, clients } = startRoom(3);
    const [anna] = clients;
    const stranger = rig.enter({ channel: 2 });
    rig.pass(1_000);
    const before = JSON.stringify(clients.map((client) => client.state));
    stranger.sendPackage(1);
    stranger.sendPackage(99);
    const state = anna?.state ?? { channel: 1, generation: 0, epoch: 0 };
    rig.toRelay(stranger, { type: 'commit', state, commit: 'x', welcome: null, skipped: [] });
    const longest = 'A'.repeat(Math.ceil((MAX_KEY_PACKAGE_BYTES * 4) / 3));
    rig.toRelay(stranger, { type: 'keyPackage', channel: 2, package: `${longest}A` });
    rig.pass(1_000);
    expect(stranger.got.filter((message) => message.type === 'refused')).toMatchObject(
      Array.from({ length: 4 }, () => ({ code: 'keyRejected' })),
    );
    expect(rig.keys.counters).toMatchObject({
      packagesFromOutsiders: 2,
      packagesTooLong: 1,
      commitsFromOutsiders: 1,
    });
    expect(JSON.stringify(clients.map((client) => client.state))).toBe(before);
    expect(rig.imbalance()).toBe(0);
  });

  test('commits nobody asked for are refused as stale', () => {
    const { rig, clients } = startRoom(3);
    const [anna] = clients;
    if (anna === undefined || anna.state === null) throw new Error('in the group');
    rig.toRelay(anna, { type: 'commit', state: anna.state, commit: 'x', welcome: null, skipped: [] });
    rig.pass(1_000);
    expect(rig.faults()).toEqual([]);
    expect(rig.keys.counters.commitsStale).toBe(1);
  });

  test.each([
    ['a welcome for nobody', { commit: 'x', welcome: null, skipped: [] }],
    ['no commit', { commit: null, welcome: 'x', skipped: [] }],
    ['somebody skipped who was not offered', { commit: 'x', welcome: 'x', skipped: ['identity-0'] }],
    ['nothing at all', { commit: null, welcome: null, skipped: [] }],
  ])('an answer with %s is passed over', (_name, answer) => {
    const { rig } = startRoom(3);
    rig.enter();
    const committer = passUntilAsked(rig);
    committer.manner = 'silent';
    const { state } = committer;
    if (state === null) throw new Error('in the group');
    rig.toRelay(committer, { type: 'commit', state, ...answer });
    rig.pass(500);
    expect(rig.faults()).toEqual([]);
    expect(rig.keys.counters).toMatchObject({ commitsSenseless: 1, commitsTimedOut: 0 });
    expect(rig.imbalance()).toBe(0);
  });
});
