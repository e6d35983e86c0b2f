import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RecordedMember } from '../sim/recorded-relay.ts';
import { simChannelConfig } from '../sim/sim-room.ts';
import {
  CELLAR,
  CLOSET,
  DONE_7,
  KITCHEN,
  LIBRARY,
  LOBBY,
  refused7,
  StaffedRoom,
} from '../sim/staffed-room.ts';
import type { RelayMessage, Request } from '../wire/control.ts';
import { WHISPER_LIST_BIT } from '../wire/datagram.ts';
import { ADMIN_ROLE_ID, FIRST_CUSTOM_ROLE_ID, MODERATOR_ROLE_ID } from '../wire/roles.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 100);

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

interface Room {
  readonly room: StaffedRoom;
  readonly olga: RecordedMember;
  readonly anna: RecordedMember;
  readonly ben: RecordedMember;
}

/** A room with a role of its own and a ban, so that both can be removed. */
function startRoom(): Room {
  const room = new StaffedRoom(mac);
  const olga = room.admit('Olga', { address: '127.0.0.1' });
  const [anna, ben] = [room.admit('Anna'), room.admit('Ben')];
  room.answerTo(olga, { kind: 'saveRole', role: null, name: 'Guard', rank: 10, permissions: [] });
  room.answerTo(olga, { kind: 'assignRole', identity: ben.identity, role: FIRST_CUSTOM_ROLE_ID });
  const range = { kind: 'range', range: '203.0.113.0/24' } as const;
  room.answerTo(olga, { kind: 'ban', subject: range, reason: '', seconds: null });
  room.pass(1_000);
  room.hush();
  return { room, olga, anna, ben };
}

const config = { ...simChannelConfig, manageRole: ADMIN_ROLE_ID };

/** Every request that changes something, as Olga asks for it. */
function changes({ anna, ben }: Room): Request[] {
  return [
    { kind: 'join', channel: KITCHEN },
    { kind: 'move', member: anna.token, channel: KITCHEN },
    { kind: 'muteForAll', member: anna.token, muted: true },
    { kind: 'kick', member: anna.token, reason: '' },
    { kind: 'ban', subject: { kind: 'identity', identity: anna.identity }, reason: '', seconds: 60 },
    { kind: 'unban', ban: 1 },
    { kind: 'createChannel', name: 'Garden', parent: null, config, password: null },
    { kind: 'createChannel', name: 'Garden', parent: null, config, password: 'rose' },
    { kind: 'changeChannel', channel: CELLAR, name: 'Vault', config, password: 'other' },
    { kind: 'changeChannel', channel: LIBRARY, name: 'Library', config, password: null },
    { kind: 'removeChannel', channel: CLOSET },
    { kind: 'saveRole', role: null, name: 'Watch', rank: 20, permissions: [] },
    { kind: 'saveRole', role: FIRST_CUSTOM_ROLE_ID, name: 'Guards', rank: 60, permissions: ['mute'] },
    { kind: 'removeRole', role: FIRST_CUSTOM_ROLE_ID },
    { kind: 'assignRole', identity: anna.identity, role: MODERATOR_ROLE_ID },
    { kind: 'assignRole', identity: ben.identity, role: 1 },
    { kind: 'whisperList', list: WHISPER_LIST_BIT, targets: [anna.token] },
  ];
}

/** What a newcomer is told of the room: all that is in memory and visible. The newcomer is taken out again. */
function view(room: StaffedRoom): unknown {
  const { channels, members, roles } = room.admit('Watcher', { address: '198.51.100.1' }).welcome;
  const watcher = members.at(-1);
  return { channels, roles, members: members.filter((member) => member.token !== watcher?.token) };
}

test.each(changes(startRoom()).map((request, at) => [request.kind, at] as const))(
  '%s (%i) on a full disk is refused and changes nothing; on another it is done',
  (_kind, at) => {
    const started = startRoom();
    const { room, olga, anna, ben } = started;
    const request = changes(started)[at];
    if (request === undefined) throw new Error('there is such a request');
    const before = view(room);
    room.hush();
    const stored = room.store.snapshot();
    const audits = room.store.audits.length;
    // Wherever in the transaction the disk fills up.
    for (let writes = 0; writes < 20; writes += 1) {
      room.store.failsAfter = writes;
      const answer = room.answerTo(olga, request);
      room.store.failsAfter = null;
      if (answer?.type === 'done') {
        expect(writes).toBeGreaterThan(0);
        break;
      }
      expect(answer).toEqual(refused7('storageFailed'));
      expect(room.closed).toEqual([]);
      for (const { lane } of [anna, ben]) expect(room.take(lane)).toEqual([]);
      expect(room.store.snapshot()).toEqual(stored);
      expect(room.store.audits.length).toBe(audits);
    }
    expect(room.store.snapshot()).not.toEqual(stored);
    if (request.kind !== 'unban' && request.kind !== 'whisperList') expect(view(room)).not.toEqual(before);
  },
);

describe('a disk that refuses', () => {
  test('keeps newcomers out, and those inside as they are', () => {
    const { room, anna, ben } = startRoom();
    room.store.failing = true;
    expect(room.take(room.greet('Cleo')).at(-1)).toMatchObject({ code: 'storageFailed' });
    // Nor does anybody lose the place to the own second login.
    expect(room.take(room.greet('Anna')).at(-1)).toMatchObject({ code: 'storageFailed' });
    room.say(anna.lane, { type: 'state', muted: true, deafened: false });
    room.say(anna.lane, { type: 'leave' });
    room.say(anna.lane, { type: 'chat', id: 1, to: { kind: 'channel', channel: LOBBY }, text: 'Hello' });
    expect(room.take(anna.lane)).toEqual([
      { type: 'refused', code: 'storageFailed', rule: null, request: null, chat: null },
      { type: 'refused', code: 'storageFailed', rule: null, request: null, chat: null },
      { type: 'refused', code: 'storageFailed', rule: null, request: null, chat: 1 },
    ]);
    expect(room.take(ben.lane)).toEqual([]);
    room.store.failing = false;
    room.say(anna.lane, { type: 'chat', id: 1, to: { kind: 'channel', channel: LOBBY }, text: 'Hello' });
    expect(room.take(ben.lane)).toMatchObject([{ type: 'chat', delivery: 1, message: { id: 1 } }]);
    expect(room.engine.stats().storeFailures).toBe(5);
  });

  test('keeps nobody from leaving, being held or losing the place', () => {
    const { room, anna, ben } = startRoom();
    room.store.failing = true;
    room.say(anna.lane, { type: 'bye' });
    room.hangUp(ben.lane);
    expect(room.engine.stats()).toMatchObject({ members: 2, lanes: 1, sessionsHeld: 1 });
    room.pass(200_000);
    expect(room.engine.stats()).toMatchObject({ members: 0 });
    // What the disk still has is held once more, and runs out.
    room.store.failing = false;
    room.restart();
    room.pass(200_000);
    expect(room.engine.stats()).toMatchObject({ members: 0, holdsExpired: 3 });
    expect(room.store.snapshot().sessions).toEqual([]);
  });
});

/** What a relay that was killed at that moment would come back with, seen from outside. */
function afterKill(room: StaffedRoom): unknown {
  const other = new StaffedRoom(mac, { snapshot: room.store.snapshot() });
  return withoutLanes(view(other));
}

function withoutLanes(seen: unknown): unknown {
  return JSON.parse(
    JSON.stringify(seen, (key, value: unknown) =>
      // Whether its client is connected is not kept.
      key === 'reconnecting' ? undefined : value,
    ),
  );
}

test(
  'killed at any moment, whatever was answered or told is there again',
  () => {
    const step = fc.record({
      who: fc.nat(2),
      what: fc.nat(16),
      failsAfter: fc.option(fc.nat(4), { freq: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12, size: 'max' }), (steps) => {
        const started = startRoom();
        const { room, olga, anna, ben } = started;
        const all = changes(started);
        let answered = 0;
        for (const { who, what, failsAfter } of steps) {
          const member = [olga, anna, ben][who] ?? olga;
          const request = all[what];
          if (request === undefined) continue;
          room.store.failsAfter = failsAfter;
          const answer: RelayMessage | undefined = room.answerTo(member, request);
          room.store.failsAfter = null;
          if (answer?.type === 'done') answered += 1;
          const { members, ...rest } = withoutLanes(view(room)) as { members: unknown[] };
          expect(afterKill(room)).toEqual({ ...rest, members: expect.arrayContaining(members) });
        }
        expect(answered).toBeLessThanOrEqual(steps.length);
      }),
      { numRuns: Math.ceil(numRuns / 4) },
    );
  },
  10_000 + 200 * numRuns,
);

test('an answer that is done can be counted on', () => {
  const { room, olga } = startRoom();
  expect(room.answerTo(olga, { kind: 'join', channel: KITCHEN })).toEqual(DONE_7);
  room.restart();
  const again = room.admit('Olga', { resume: room.ticket(olga) });
  expect(again.welcome.members.find((member) => member.token === olga.token)?.channel).toBe(KITCHEN);
});
