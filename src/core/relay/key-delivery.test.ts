import { describe, expect, test } from 'vitest';
import { MAX_ADDS_PER_COMMIT } from '../wire/key-delivery.ts';
import { KeyRig, passUntilAsked, startRoom } from './key-delivery-rig.ts';
import {
  COMMIT_TIMEOUT_MS,
  FIRST_GATHER_MS,
  FIRST_REQUEST_MS,
  GATHER_MS,
  MAX_PACKAGE_REQUESTS,
  MAX_SKIPS,
  READD_INTERVAL_MS,
} from './key-limits.ts';

describe('people who meet', () => {
  test('the first founds the group, the second is in it within 100 ms and two round trips', () => {
    const rig = new KeyRig();
    const anna = rig.enter();
    rig.pass(FIRST_GATHER_MS + 4 * rig.delayMs);
    expect(rig.faults()).toEqual([]);
    expect(anna.state?.epoch).toBe(0);
    rig.pass(10_000);
    const ben = rig.enter();
    rig.pass(FIRST_GATHER_MS + 4 * rig.delayMs);
    expect(rig.faults()).toEqual([]);
    expect([anna.state, ben.state]).toEqual([
      { channel: 1, generation: anna.state?.generation, epoch: 1 },
      anna.state,
    ]);
    expect([anna.count('committed'), ben.count('committed'), ben.count('groupWelcome')]).toEqual([2, 0, 1]);
    expect(rig.imbalance()).toBe(0);
  });

  test('in one moment need one commit', () => {
    const { rig } = startRoom(2);
    expect(rig.keys.counters).toMatchObject({ commitsAsked: 1, foundings: 1, leavesAdded: 1 });
  });

  test('in two channels have two groups', () => {
    const rig = new KeyRig();
    const [anna] = [rig.enter(), rig.enter({ channel: 2 }), rig.enter({ channel: 2 })];
    rig.pass(1_000);
    expect([rig.faults(1), rig.faults(2)]).toEqual([[], []]);
    rig.join(anna, 2);
    rig.pass(1_000);
    expect([rig.group(1).length, rig.faults(2)]).toEqual([0, []]);
  });

  test('50 within two seconds share a key 300 ms after the last, with few commits', () => {
    const rig = new KeyRig();
    for (let count = 0; count < 50; count += 1) {
      rig.enter();
      rig.pass(40);
    }
    rig.pass(GATHER_MS + 4 * rig.delayMs - 40);
    expect(rig.faults()).toEqual([]);
    expect(rig.keys.counters.commitsAsked).toBeLessThanOrEqual(2_000 / GATHER_MS + 2);
    expect(rig.keys.counters.resets).toBe(0);
  });

  test('more than fit one commit follow in the next at once', () => {
    const rig = new KeyRig();
    for (let count = 0; count < 2 * MAX_ADDS_PER_COMMIT + 2; count += 1) rig.enter();
    rig.pass(FIRST_GATHER_MS + rig.delayMs + 3 * 2 * rig.delayMs + rig.delayMs);
    expect(rig.faults()).toEqual([]);
    expect(rig.keys.counters.commitsAsked).toBe(3);
  });
});

describe('people who go', () => {
  test('are out of the group, and the others have the next epoch, within 100 ms and two round trips', () => {
    const { rig, clients } = startRoom(5);
    const [anna, ben] = clients;
    const epoch = ben?.state?.epoch ?? 0;
    if (anna !== undefined) rig.depart(anna);
    rig.pass(FIRST_GATHER_MS + 3 * rig.delayMs);
    expect(rig.faults()).toEqual([]);
    expect(ben?.state?.epoch).toBe(epoch + 1);
    expect(anna?.count('committed')).toBe(1);
  });

  test('while a commit is under way go in the next, whether they were to be added or not', () => {
    const { rig, clients } = startRoom(3);
    const dora = rig.enter();
    const committer = passUntilAsked(rig);
    const other = clients.find((client) => client !== committer);
    rig.depart(dora);
    if (other !== undefined) rig.depart(other);
    rig.pass(1_000);
    expect(rig.faults()).toEqual([]);
    expect(rig.group().length).toBe(2);
    expect(dora.count('groupWelcome')).toBe(0);
    expect(rig.imbalance()).toBe(0);
  });

  test('and come back at once are taken in with their new key', () => {
    const { rig, clients } = startRoom(3);
    const [anna] = clients;
    if (anna !== undefined) rig.join(anna, 1);
    rig.pass(GATHER_MS + 4 * rig.delayMs);
    expect(rig.faults()).toEqual([]);
    expect(rig.keys.counters).toMatchObject({ leavesRemoved: 1, resets: 0 });
  });

  test('all of them take the group with them; the next founds another', () => {
    const { rig, clients } = startRoom(2);
    const generation = clients[0]?.state?.generation;
    for (const client of clients) rig.depart(client);
    expect(rig.keys.nextDeadlineMs()).toBeNull();
    const cleo = rig.enter();
    rig.pass(1_000);
    expect(rig.faults()).toEqual([]);
    expect(cleo.state?.generation).not.toBe(generation);
  });

  test('with a channel that is removed leave nothing behind', () => {
    const { rig, clients } = startRoom(2);
    rig.enter();
    rig.pass(FIRST_GATHER_MS + rig.delayMs);
    expect(rig.keys.outstanding).toBe(1);
    rig.keys.handleChannelRemoved(1);
    expect([rig.keys.nextDeadlineMs(), rig.keys.outstanding, rig.group()]).toEqual([null, 0, []]);
    for (const client of clients) rig.join(client, 2);
    rig.pass(1_000);
    expect(rig.faults(2)).toEqual([]);
    expect(rig.imbalance()).toBe(0);
  });
});

describe('a committer', () => {
  test('that stays silent is followed by another after a second', () => {
    const { rig, clients } = startRoom(4);
    const [anna] = clients;
    if (anna !== undefined) anna.manner = 'silent';
    // The work goes round: in four commits everybody is asked.
    for (let count = 0; count < 4; count += 1) {
      rig.enter();
      rig.pass(FIRST_GATHER_MS + COMMIT_TIMEOUT_MS + 6 * rig.delayMs);
      expect(rig.faults()).toEqual([]);
      rig.pass(1_000);
    }
    expect(rig.keys.counters).toMatchObject({ commitsTimedOut: 1, resets: 0 });
  });

  test.each(['leaves', 'loses its lane', 'asks to be taken in anew'])(
    'that %s is followed at once',
    (what) => {
      const { rig } = startRoom(4);
      rig.enter();
      const committer = passUntilAsked(rig);
      if (what === 'leaves') rig.depart(committer);
      else if (what === 'loses its lane') rig.hold(committer);
      else committer.sendPackage();
      // Its answer is under way, but comes too late or not at all.
      rig.pass(READD_INTERVAL_MS + GATHER_MS + 6 * rig.delayMs);
      if (what === 'loses its lane') expect(rig.group()).toEqual(rig.present());
      else expect(rig.faults()).toEqual([]);
      expect(rig.keys.counters.commitsTimedOut).toBe(0);
      expect(rig.imbalance()).toBe(0);
    },
  );

  test('that answers too late is told so, and the other’s commit wins', () => {
    const { rig } = startRoom(3);
    rig.enter();
    const slow = passUntilAsked(rig);
    slow.manner = 'silent';
    rig.pass(COMMIT_TIMEOUT_MS);
    const second = passUntilAsked(rig);
    expect(second).not.toBe(slow);
    const wanted = slow.got.find((message) => message.type === 'commitWanted');
    const state = wanted?.type === 'commitWanted' ? wanted.state : { channel: 1, generation: 0, epoch: 0 };
    rig.toRelay(slow, { type: 'commit', state, commit: 'late', welcome: 'late', skipped: [] });
    rig.pass(1_000);
    expect(rig.faults()).toEqual([]);
    expect(slow.got.filter((message) => message.type === 'refused')).toMatchObject([{ code: 'staleCommit' }]);
    expect(rig.keys.counters).toMatchObject({ commitsStale: 1, commitsTimedOut: 1 });
    expect(rig.imbalance()).toBe(0);
  });

  test('that answers nonsense is passed over and counted', () => {
    const { rig, clients } = startRoom(3);
    for (const client of clients.slice(1)) client.manner = 'nonsense';
    for (let count = 0; count < 3; count += 1) {
      rig.enter();
      rig.pass(1_000);
      expect(rig.faults()).toEqual([]);
    }
    expect(rig.keys.counters.commitsSenseless).toBeGreaterThanOrEqual(1);
    expect(rig.imbalance()).toBe(0);
  });

  test('whose commits nobody can apply is not asked again while others can', () => {
    const { rig, clients } = startRoom(4);
    const [evil] = clients;
    if (evil !== undefined) evil.manner = 'rubbish';
    for (let count = 0; count < 6; count += 1) {
      rig.enter();
      rig.pass(10_000);
    }
    expect(rig.faults()).toEqual([]);
    const asked = evil?.count('commitWanted') ?? 0;
    for (let count = 0; count < 10; count += 1) {
      rig.enter();
      rig.pass(10_000);
      expect(rig.faults()).toEqual([]);
    }
    expect(evil?.count('commitWanted')).toBeLessThanOrEqual(asked + 1);
  });

  test('that failed once and then is the only one left founds the group anew', () => {
    const { rig, clients } = startRoom(2);
    for (const client of clients) client.manner = 'silent';
    const dora = rig.enter();
    const failed = passUntilAsked(rig);
    rig.depart(dora);
    rig.pass(COMMIT_TIMEOUT_MS);
    for (const client of clients) if (client !== failed) rig.depart(client);
    failed.manner = 'honest';
    failed.sendPackage();
    rig.pass(1_000);
    expect(rig.faults()).toEqual([]);
  });

  test('whose commits nobody can apply does not stay the only one who may commit', () => {
    const { rig, clients } = startRoom(3);
    for (const client of clients.slice(1)) client.manner = 'silent';
    const [evil] = clients;
    if (evil !== undefined) evil.manner = 'rubbish';
    rig.enter();
    rig.pass(COMMIT_TIMEOUT_MS * 3);
    for (const client of clients.slice(1)) client.manner = 'honest';
    rig.pass(10_000);
    expect(rig.faults()).toEqual([]);
    const asked = evil?.count('commitWanted');
    rig.pass(60_000);
    expect(evil?.count('commitWanted')).toBe(asked);
  });

  test('is found by founding anew when all stay silent', () => {
    const { rig, clients } = startRoom(3);
    const generation = clients[0]?.state?.generation;
    for (const client of clients) client.manner = 'silent';
    const dora = rig.enter();
    rig.pass(FIRST_GATHER_MS + 3 * COMMIT_TIMEOUT_MS + 8 * rig.delayMs);
    expect(rig.group()).toEqual([dora.identity]);
    expect(dora.state?.generation).not.toBe(generation);
    // They wake up, are asked again, and are taken in.
    for (const client of clients) client.manner = 'honest';
    rig.pass(FIRST_REQUEST_MS * 2 ** MAX_PACKAGE_REQUESTS);
    expect(rig.faults()).toEqual([]);
    expect(rig.keys.counters.resets).toBe(1);
    // Their patience with the next is what it was.
    for (const client of clients) client.manner = 'silent';
    rig.depart(dora);
    rig.pass(FIRST_GATHER_MS + 3 * COMMIT_TIMEOUT_MS);
    expect(rig.keys.counters.resets).toBe(2);
  });
});

describe('a key package', () => {
  test('that does not come is asked for, more and more seldom, and not for ever', () => {
    const { rig } = startRoom(2);
    const dora = rig.enter({ silent: true, manner: 'silent' });
    const times: number[] = [];
    rig.onSent = (client, message) => {
      if (client === dora && message.type === 'keyPackageWanted') times.push(rig.nowMs);
    };
    const enteredMs = rig.nowMs;
    rig.pass(100_000);
    expect(times.map((atMs) => atMs - enteredMs)).toEqual([1_000, 3_000, 7_000, 15_000]);
    dora.manner = 'honest';
    dora.sendPackage();
    rig.pass(1_000);
    expect(rig.faults()).toEqual([]);
  });

  test('that is no good is skipped and asked for again, but not for ever; the others get in', () => {
    const { rig, clients } = startRoom(2);
    const dora = rig.enter({ badPackages: true });
    const emil = rig.enter();
    rig.pass(20_000);
    expect(rig.group()).toEqual([...clients, emil].map((client) => client.identity).sort());
    expect(rig.keys.counters).toMatchObject({ packagesSkipped: MAX_SKIPS, packagesHopeless: 0 });
    expect(dora.count('keyPackageWanted')).toBe(MAX_SKIPS - 1);
    dora.sendPackage();
    rig.pass(5_000);
    expect(rig.keys.counters.packagesHopeless).toBe(1);
    // A new try after leaving.
    dora.badPackages = false;
    rig.join(dora, 1);
    rig.pass(1_000);
    expect(rig.faults()).toEqual([]);
    expect(rig.imbalance()).toBe(0);
  });

  test('of a member skipped out of malice is offered to other committers', () => {
    const { rig, clients } = startRoom(3);
    const [evil] = clients;
    if (evil !== undefined) evil.manner = 'skipsAll';
    for (let count = 0; count < 4; count += 1) {
      rig.enter();
      rig.pass(2_000);
      expect(rig.faults()).toEqual([]);
    }
    expect(rig.keys.counters.packagesSkipped).toBeGreaterThanOrEqual(1);
  });

  test('of a member out of step takes it out and in again by one commit of another', () => {
    const { rig, clients } = startRoom(3);
    const [anna] = clients;
    const asked = rig.keys.counters.commitsAsked;
    anna?.sendPackage();
    rig.pass(FIRST_GATHER_MS + 4 * rig.delayMs);
    expect(rig.faults()).toEqual([]);
    expect(rig.keys.counters.commitsAsked).toBe(asked + 1);
    expect(anna?.count('commitWanted')).toBeLessThanOrEqual(1);
  });

  test('that replaces one already being taken in is the one that counts', () => {
    const { rig } = startRoom(2);
    const dora = rig.enter();
    passUntilAsked(rig);
    dora.sendPackage();
    rig.pass(READD_INTERVAL_MS + FIRST_GATHER_MS + 6 * rig.delayMs);
    expect(rig.faults()).toEqual([]);
    // No welcome for the old one, which its owner could not open.
    expect([dora.count('groupWelcome'), rig.keys.counters.packages]).toEqual([1, 4]);
  });

  test('of the only one in the group founds it anew', () => {
    const { rig, clients } = startRoom(1);
    const generation = clients[0]?.state?.generation;
    clients[0]?.sendPackage();
    rig.pass(1_000);
    expect(rig.faults()).toEqual([]);
    expect(clients[0]?.state?.generation).not.toBe(generation);
  });

  test.each([1, 5, 50])(
    'sent every %i ms costs at most one commit a second, and nobody else a key',
    (everyMs) => {
      const { rig, clients } = startRoom(3);
      const [anna] = clients;
      const asked = rig.keys.counters.commitsAsked;
      for (let ms = 0; ms < 10_000; ms += everyMs) {
        anna?.sendPackage();
        rig.pass(everyMs);
      }
      expect(rig.keys.counters.commitsAsked - asked).toBeLessThanOrEqual(11);
      expect(rig.keys.counters.resets).toBe(0);
      const epochs = new Set(clients.slice(1).map((client) => client.state?.epoch));
      expect(epochs.size).toBe(1);
      rig.pass(3_000);
      expect(rig.faults()).toEqual([]);
      expect(rig.imbalance()).toBe(0);
    },
  );
});
