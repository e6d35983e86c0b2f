import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeyRig } from './key-delivery-rig.ts';
import {
  COMMIT_TIMEOUT_MS,
  FIRST_REQUEST_MS,
  MAX_PACKAGE_REQUESTS,
  MAX_TIMEOUT_DOUBLINGS,
} from './key-limits.ts';
import type { ScriptedClient } from './scripted-client.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 150);

const step = fc.record({
  what: fc.constantFrom(
    'enter',
    'enter',
    'leave',
    'move',
    'depart',
    'hold',
    'reconnect',
    'package',
    'silent',
    'wake',
  ),
  who: fc.nat(20),
  waitMs: fc.oneof(fc.nat(30), fc.nat(400), fc.nat(3_000)),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** At most this many at once: enough for every order of events, few enough to read a failure. */
const MAX_CLIENTS = 8;

function take(rig: KeyRig, { what, who }: Step): void {
  const here = rig.clients.filter((client) => rig.room.find(client.member.token) !== undefined);
  const client: ScriptedClient | undefined = here[who % Math.max(1, here.length)];
  if (what === 'enter') {
    if (here.length < MAX_CLIENTS) rig.enter();
    return;
  }
  if (client === undefined) return;
  const live = client.member.lane !== null;
  if (what === 'depart') rig.depart(client);
  else if (what === 'hold' && live) rig.hold(client);
  else if (what === 'reconnect' && !live) rig.reconnect(client);
  else if (what === 'silent') client.manner = 'silent';
  else if (what === 'wake') client.manner = 'honest';
  else if (!live) return;
  else if (what === 'package' && client.member.channel !== null) client.sendPackage();
  else if (what === 'leave') rig.leaveChannel(client);
  else if (what === 'move') rig.join(client, (client.member.channel?.info.id ?? 2) === 1 ? 2 : 1);
}

function bringBack(rig: KeyRig): void {
  for (const client of rig.clients) {
    client.manner = 'honest';
    const inRoom = rig.room.find(client.member.token) !== undefined;
    if (inRoom && client.member.lane === null) rig.reconnect(client);
  }
}

function expectSound(rig: KeyRig): void {
  expect([...rig.faults(1), ...rig.faults(2)]).toEqual([]);
  expect([rig.imbalance(), rig.keys.outstanding]).toEqual([0, 0]);
}

describe('whatever members do', () => {
  test('once it is quiet, all in a channel share one key, and nobody else', {
    timeout: 10_000 + 20 * numRuns,
  }, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), fc.nat(60), (steps, delayMs) => {
        const rig = new KeyRig();
        rig.delayMs = delayMs;
        for (const one of steps) {
          take(rig, one);
          rig.pass(one.waitMs);
          expect(rig.imbalance()).toBe(0);
        }
        bringBack(rig);
        // The silent ones had their time-outs doubled, and are asked for packages more and more seldom.
        const slowestMs =
          COMMIT_TIMEOUT_MS * 2 ** MAX_TIMEOUT_DOUBLINGS + FIRST_REQUEST_MS * 2 ** MAX_PACKAGE_REQUESTS;
        rig.pass(2 * slowestMs);
        // Whoever let all requests pass in silence has had its chance, and speaks up on its own.
        for (const client of rig.clients) if (client.state === null) wakeUp(rig, client);
        rig.pass(slowestMs);
        expectSound(rig);
      }),
      { numRuns },
    );
  });

  test('within a second after the last of them, if committers answer', {
    timeout: 10_000 + 20 * numRuns,
  }, () => {
    const honest = step.filter(
      ({ what }) => !['silent', 'wake', 'hold', 'reconnect', 'package'].includes(what),
    );
    fc.assert(
      fc.property(fc.array(honest, { maxLength: 60, size: 'max' }), fc.nat(60), (steps, delayMs) => {
        const rig = new KeyRig();
        rig.delayMs = delayMs;
        for (const one of steps) {
          rig.pass(one.waitMs);
          take(rig, one);
        }
        rig.pass(1_000);
        expectSound(rig);
        expect(rig.keys.counters).toMatchObject({ commitsTimedOut: 0, commitsSenseless: 0 });
      }),
      { numRuns },
    );
  });
});

function wakeUp(rig: KeyRig, client: ScriptedClient): void {
  const inRoom = rig.room.find(client.member.token) !== undefined;
  if (inRoom && client.member.channel !== null) client.sendPackage();
}
