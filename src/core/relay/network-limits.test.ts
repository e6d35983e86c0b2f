import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CELLAR, DONE_7, StaffedRoom } from '../sim/staffed-room.ts';
import { MAX_PASSWORD_TRIES } from './guess-limit.ts';
import { MAX_LANES_PER_ADDRESS, MAX_UNGREETED_LANES } from './lanes.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

const inNetwork = (number: number): string => `2001:db8:1:2:3:4:5:${number.toString(16)}`;
const NEIGHBOUR = '2001:db8:1:3::1';

/** Whoever has one IPv6 address has all of its network: what counts addresses must count networks. */
describe('of one IPv6 network', () => {
  test('lanes and held places are counted together; the neighbour’s are not', () => {
    const room = new StaffedRoom(mac, { maxMembers: 200 });
    for (let at = 0; at < MAX_LANES_PER_ADDRESS; at += 1) {
      room.admit(`Anna ${at}`, { address: inNetwork(at) });
      room.hush();
    }
    const beyond = room.open(inNetwork(0xffff));
    expect(room.take(beyond)).toMatchObject([{ code: 'tooManyConnections' }]);
    room.admit('Ben', { address: NEIGHBOUR });
    room.hangUp(1);
    const held = room.greet('Cleo', { address: inNetwork(0xfffe) });
    expect(room.take(held).at(-1)).toMatchObject({ code: 'tooManyConnections' });
  });

  test('lanes that do not log in push each other out, whichever addresses they have', () => {
    const room = new StaffedRoom(mac);
    const slow = room.open(NEIGHBOUR);
    const flood = Array.from({ length: 2 * MAX_UNGREETED_LANES }, (_, at) => room.open(inNetwork(at)));
    expect(room.closed).not.toContain(slow);
    expect(room.closed).toEqual(flood.slice(0, flood.length - MAX_UNGREETED_LANES + 1));
  });

  test('guesses at a password are counted together; the neighbour’s are not', () => {
    const room = new StaffedRoom(mac);
    const join = (password: string) => ({ kind: 'join', channel: CELLAR, password }) as const;
    for (let tries = 0; tries < MAX_PASSWORD_TRIES; tries += 1) {
      const guesser = room.admit(`Anna ${tries}`, { address: inNetwork(tries) });
      expect(room.answerTo(guesser, join('guess'))).toMatchObject({ rule: { kind: 'password' } });
    }
    const next = room.admit('Ben', { address: inNetwork(0xffff) });
    expect(room.answerTo(next, join('sesame'))).toMatchObject({ rule: { kind: 'passwordWait' } });
    const neighbour = room.admit('Cleo', { address: NEIGHBOUR });
    expect(room.answerTo(neighbour, join('sesame'))).toEqual(DONE_7);
  });
});
