import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { StaffedRoom } from '../sim/staffed-room.ts';
import { MAX_CONTROL_LENGTH, MAX_LANE_MESSAGE_BYTES } from '../wire/control.ts';
import {
  HELLO_TIMEOUT_MS,
  LANE_TIMEOUT_MS,
  MAX_BAD_MESSAGES,
  MAX_MESSAGE_BURST,
  MAX_REACTION_BURST,
  MAX_UNGREETED_LANES,
} from './lanes.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

describe('a lane', () => {
  test('whose member pings every ten seconds stays; one that falls silent is closed after thirty', () => {
    const room = new StaffedRoom(mac);
    const anna = room.admit('Anna');
    const ben = room.admit('Ben');
    for (let id = 0; id < 5; id += 1) {
      room.pass(10_000);
      room.say(anna.lane, { type: 'ping', id });
      if (id < 2) room.say(ben.lane, { type: 'ping', id });
    }
    expect(room.closed).toEqual([ben.lane]);
    expect(room.take(anna.lane)).toContainEqual({ type: 'pong', id: 4 });
    room.pass(LANE_TIMEOUT_MS - 1);
    expect(room.closed).toEqual([ben.lane]);
    room.pass(1);
    expect(room.closed).toEqual([ben.lane, anna.lane]);
    expect(room.engine.stats()).toMatchObject({ lanesClosedSilent: 2, lanes: 0 });
  });

  test('is not kept alive by bad messages', () => {
    const room = new StaffedRoom(mac);
    const anna = room.admit('Anna');
    room.pass(LANE_TIMEOUT_MS - 100);
    room.sayText(anna.lane, 'nonsense');
    room.pass(100);
    expect(room.closed).toEqual([anna.lane]);
  });

  test('gets the very object of a broadcast that the others get, so that it is serialised once', () => {
    const room = new StaffedRoom(mac);
    const lanes = ['Anna', 'Ben', 'Cleo'].map((nickname) => room.admit(nickname).lane);
    room.hush();
    room.say(lanes[0] ?? 0, { type: 'state', muted: true, deafened: true });
    room.say(lanes[0] ?? 0, { type: 'state', muted: true, deafened: true });
    const told = lanes.map((lane) => room.take(lane));
    expect(told.map((messages) => messages.length)).toEqual([1, 1, 1]);
    expect(told.every((messages) => messages[0] === told[0]?.[0])).toBe(true);
  });

  test.each([MAX_UNGREETED_LANES - 1, MAX_UNGREETED_LANES, MAX_UNGREETED_LANES + 1])(
    'among %i that do not log in: the oldest make way, members stay',
    (count) => {
      const room = new StaffedRoom(mac);
      const anna = room.admit('Anna');
      const lanes = Array.from({ length: count }, (_, at) => room.open(`192.0.2.${at}`));
      expect(room.closed).toEqual(lanes.slice(0, Math.max(0, count - MAX_UNGREETED_LANES)));
      expect(room.engine.stats()).toMatchObject({ lanes: 1 + Math.min(count, MAX_UNGREETED_LANES) });
      room.say(anna.lane, { type: 'ping', id: 1 });
      expect(room.take(anna.lane)).toEqual([{ type: 'pong', id: 1 }]);
      room.pass(HELLO_TIMEOUT_MS);
      expect(room.engine.stats()).toMatchObject({ lanes: 1 });
    },
  );

  test('among those that do not log in: the address with most of them makes way, not the one that came first', () => {
    const room = new StaffedRoom(mac);
    const slow = room.open('192.0.2.1');
    const flood = Array.from({ length: 3 * MAX_UNGREETED_LANES }, (_, at) =>
      room.open(`198.51.100.${at % 2}`),
    );
    expect(room.closed).not.toContain(slow);
    expect(room.closed).toEqual(flood.slice(0, flood.length - MAX_UNGREETED_LANES + 1));
  });
});

describe('hostile text', () => {
  test.each([
    '',
    '{',
    'null',
    '7',
    '[]',
    '{}',
    '{"type":"welcome"}',
    '{"type":"request","id":1}',
    '{"type":"request","id":1,"request":{"kind":"join","channel":-1}}',
    '{"type":"request","id":1,"request":{"kind":"join","channel":1,"extra":1}}',
    '{"type":"ping","id":4294967296}',
    `${'['.repeat(30_000)}`,
    `${'[1,'.repeat(20_000)}`,
    '{"__proto__":{"type":"bye"}}',
  ])('%.60s is refused, and too much of it closes the lane', (text) => {
    const room = new StaffedRoom(mac);
    const anna = room.admit('Anna');
    for (let count = 1; count <= MAX_BAD_MESSAGES; count += 1) {
      expect(room.closed).toEqual([]);
      room.sayText(anna.lane, text);
      expect(room.take(anna.lane)).toMatchObject([{ type: 'refused', code: 'badMessage' }]);
    }
    expect(room.closed).toEqual([anna.lane]);
    expect(room.engine.stats()).toMatchObject({ lanesClosedBadMessages: 1, messagesBad: MAX_BAD_MESSAGES });
  });

  const commit =
    '{"type":"commit","state":{"channel":1,"generation":1,"epoch":0},"commit":null,"welcome":null,"skipped":[]}';
  test.each([
    ['ping', '{"type":"ping","id":1}', MAX_CONTROL_LENGTH, 'pong'],
    ['commit', commit, MAX_LANE_MESSAGE_BYTES, 'keyRejected'],
  ])('a %s is read up to its limit and not beyond', (_name, text, limit, answer) => {
    const room = new StaffedRoom(mac);
    const anna = room.admit('Anna');
    for (const excess of [-1, 0, 1]) {
      room.take(anna.lane);
      room.sayText(anna.lane, text + ' '.repeat(limit + excess - text.length));
      const last = room.take(anna.lane).at(-1);
      const seen = last?.type === 'refused' ? last.code : last?.type;
      if (excess > 0) expect(seen).toBe('badMessage');
      else expect(seen === answer || seen === 'staleCommit').toBe(true);
    }
  });
});

describe('pace', () => {
  test('too many messages close the lane; a pace it allows does not', () => {
    const room = new StaffedRoom(mac);
    const patient = room.admit('Patient');
    const greedy = room.admit('Greedy');
    for (let id = 0; id < 200; id += 1) {
      room.pass(200);
      room.say(patient.lane, { type: 'ping', id });
      if (id % 40 === 0) room.say(greedy.lane, { type: 'ping', id });
    }
    expect(room.closed).toEqual([]);
    room.hush();
    for (let id = 0; id <= MAX_MESSAGE_BURST; id += 1) room.say(greedy.lane, { type: 'ping', id });
    const answers = room.take(greedy.lane);
    expect(answers.filter((answer) => answer.type === 'pong').length).toBe(MAX_MESSAGE_BURST);
    expect(answers.at(-1)).toMatchObject({ type: 'refused', code: 'tooManyMessages' });
    expect(room.closed).toEqual([greedy.lane]);
  });

  test('key messages have their own: too many are dropped, counted, and close nothing', () => {
    const room = new StaffedRoom(mac);
    const anna = room.admit('Anna');
    const ben = room.admit('Ben');
    room.hush();
    const key = { type: 'whisperKey', to: ben.token, target: ben.token, sealed: 'AAAA' } as const;
    for (let count = 0; count < MAX_REACTION_BURST + 10; count += 1) room.say(anna.lane, key);
    expect(room.take(ben.lane).length).toBe(MAX_REACTION_BURST);
    expect(room.engine.stats()).toMatchObject({ reactionsTooMany: 10, lanes: 2 });
    room.say(anna.lane, { type: 'ping', id: 1 });
    expect(room.take(anna.lane)).toEqual([{ type: 'pong', id: 1 }]);
  });
});
