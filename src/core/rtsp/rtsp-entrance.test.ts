import { describe, expect, it } from 'vitest';
import { MAX_PASSWORD_TRIES } from '../relay/guess-limit.ts';
import { digestHashes } from './digest.ts';
import { NONCE_LIFE_MS } from './nonce-book.ts';
import { RIG_KEY, RIG_PASSWORD, type RigConnection, RtspRig } from './rtsp-rig.ts';

const LOCKED = 'rtsp://h/locked';
const LINK = 'rtsp://h/link';
const TCP = { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' };
const TLS = { address: '192.0.2.1', secure: true, private: true };

const statusIn = (answer: string): number => Number(/^RTSP\/1\.0 (\d{3}) /.exec(answer)?.[1] ?? 0);
const nonceIn = (answer: string): string => /nonce="([^"]+)"/.exec(answer)?.[1] ?? '';

/** What a player that does not count answers to a challenge. */
function login(
  rig: RtspRig,
  nonce: string,
  password: string,
  uri: string,
  method = 'DESCRIBE',
): Record<string, string> {
  const { digest } = rig.parts;
  const response = digest.md5(
    `${digestHashes(password, digest).md5}:${nonce}:${digest.md5(`${method}:${uri}`)}`,
  );
  const text = `username="listener", realm="Sidetone", nonce="${nonce}", uri="${uri}", response="${response}"`;
  return { Authorization: `Digest ${text}` };
}

function loggedIn(rig: RtspRig, player: RigConnection, password: string, address = LOCKED): string {
  const nonce = nonceIn(player.ask('DESCRIBE', address));
  return player.ask('DESCRIBE', address, login(rig, nonce, password, address));
}

describe('a channel with a password', () => {
  it('asks for it, and lets the connection in for good', () => {
    const rig = new RtspRig();
    const player = rig.connect();
    const asked = player.ask('DESCRIBE', LOCKED);
    expect(statusIn(asked)).toBe(401);
    expect(asked.match(/WWW-Authenticate: \w+/g)).toEqual([
      'WWW-Authenticate: Digest',
      'WWW-Authenticate: Digest',
    ]);
    expect(statusIn(loggedIn(rig, player, RIG_PASSWORD))).toBe(200);
    expect(statusIn(player.ask('SETUP', `${LOCKED}/trackID=0`, TCP))).toBe(200);
    expect(statusIn(rig.connect().ask('SETUP', `${LOCKED}/trackID=0`, TCP))).toBe(401);
    expect(rig.programs.visits).toBe(1);
  });

  it('takes its link as well, in the address or as the password', () => {
    const rig = new RtspRig();
    expect(statusIn(rig.connect().ask('DESCRIBE', `${LOCKED}?key=${RIG_KEY}`))).toBe(200);
    expect(statusIn(rig.connect().ask('SETUP', `${LINK}?key=${RIG_KEY}/trackID=0`, TCP))).toBe(200);
    expect(statusIn(loggedIn(rig, rig.connect(), RIG_KEY, LINK))).toBe(200);
    expect(statusIn(loggedIn(rig, rig.connect(), RIG_PASSWORD, LINK))).toBe(401);
    expect(statusIn(rig.connect().ask('DESCRIBE', `${LINK}?key=wrong`))).toBe(401);
    expect(statusIn(rig.connect().ask('DESCRIBE', `${LOCKED}?key=wrong`))).toBe(403);
    expect(statusIn(rig.connect(TLS).ask('DESCRIBE', `${LINK}?key=wrong`))).toBe(401);
  });

  it('takes Basic where nobody can read it, and offers it only over TLS', () => {
    const rig = new RtspRig();
    const basic = { Authorization: `Basic ${RIG_PASSWORD.replace('-', '/')}` };
    expect(statusIn(rig.connect().ask('DESCRIBE', LOCKED, basic))).toBe(403);
    const player = rig.connect(TLS);
    expect(player.ask('DESCRIBE', LOCKED)).toContain('WWW-Authenticate: Basic realm="Sidetone"');
    expect(statusIn(player.ask('DESCRIBE', LOCKED, { Authorization: 'Basic broken' }))).toBe(401);
    expect(statusIn(player.ask('DESCRIBE', LOCKED, basic))).toBe(401);
    expect(statusIn(player.ask('DESCRIBE', LOCKED, { Authorization: `Basic ${RIG_KEY}` }))).toBe(200);
  });

  it('asks anew when a challenge is old, and says that only that is wrong', () => {
    const rig = new RtspRig();
    const player = rig.connect();
    const nonce = nonceIn(player.ask('DESCRIBE', LOCKED));
    rig.nowMs += NONCE_LIFE_MS;
    const answer = player.ask('DESCRIBE', LOCKED, login(rig, nonce, RIG_PASSWORD, LOCKED));
    expect([statusIn(answer), answer.includes('stale=true')]).toEqual([401, true]);
    const again = login(rig, nonceIn(answer), RIG_PASSWORD, LOCKED);
    expect(statusIn(player.ask('DESCRIBE', LOCKED, again))).toBe(200);
    expect(rig.parts.guesses.size).toBe(0);
  });

  it('takes a login that names the address before the track, and none for another channel', () => {
    const rig = new RtspRig();
    const player = rig.connect();
    const nonce = nonceIn(player.ask('SETUP', LOCKED, TCP));
    const elsewhere = login(rig, nonce, RIG_PASSWORD, LINK, 'SETUP');
    expect(statusIn(player.ask('SETUP', `${LOCKED}/trackID=0`, { ...TCP, ...elsewhere }))).toBe(401);
    const base = login(rig, nonce, RIG_PASSWORD, LOCKED, 'SETUP');
    expect(statusIn(player.ask('SETUP', `${LOCKED}/trackID=0`, { ...TCP, ...base }))).toBe(200);
  });

  it('makes those wait who guess, and counts no right try', () => {
    const rig = new RtspRig();
    for (let tries = 0; tries < 2 * MAX_PASSWORD_TRIES; tries += 1)
      expect(statusIn(loggedIn(rig, rig.connect(), RIG_PASSWORD))).toBe(200);
    for (let tries = 0; tries < MAX_PASSWORD_TRIES; tries += 1)
      expect(statusIn(loggedIn(rig, rig.connect(), 'wrong'))).toBe(401);
    const answer = loggedIn(rig, rig.connect(), RIG_PASSWORD);
    expect([statusIn(answer), /Retry-After: 30\r\n/.test(answer)]).toEqual([429, true]);
    const { digestRight, digestWrong, tooManyTries } = rig.parts.counters;
    expect([digestRight, digestWrong, tooManyTries]).toEqual([2 * MAX_PASSWORD_TRIES, MAX_PASSWORD_TRIES, 1]);
  });
});

describe('a connection that goes to another channel', () => {
  it('leaves the first', () => {
    const rig = new RtspRig();
    const player = rig.connect();
    player.ask('DESCRIBE', 'rtsp://h/music');
    expect(statusIn(player.ask('DESCRIBE', LOCKED))).toBe(401);
    expect(rig.programs.visits).toBe(0);
  });
});
