import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MAX_PASSWORD_TRIES } from '../../core/relay/guess-limit.ts';
import { MODERATOR_ROLE_ID } from '../../core/wire/roles.ts';
import { PasswordHasher } from '../base/password-hasher.ts';
import { MAX_FAILURE_LINES } from './account-desk.ts';
import {
  type AdminRig,
  addAccount,
  logIn,
  openAdmin,
  SOME_PASSWORD,
  setUp,
  triesBalance,
} from './admin-rig.ts';
import { MAX_NAME_TRIES, MAX_TRIES } from './login-gate.ts';
import { TOKEN_MS } from './tokens.ts';

let rig: AdminRig;

beforeEach(async () => {
  rig = await openAdmin();
});

afterEach(() => rig.close());

describe('logging in', () => {
  test('by name, small or capital letters, and password', async () => {
    await setUp(rig);
    const { status, body } = await logIn(rig, 'ROOT', SOME_PASSWORD);
    expect(status).toBe(200);
    expect(body).toMatchObject({ account: { name: 'root' }, expiresMs: rig.clock.wallMs + TOKEN_MS });
    const wrong = await logIn(rig, 'root', `${SOME_PASSWORD}!`);
    const unknown = await logIn(rig, 'nobody', SOME_PASSWORD);
    expect(wrong).toMatchObject({ status: 401, body: { code: 'wrongLogin' } });
    expect(unknown.body).toEqual(wrong.body);
    expect(triesBalance(rig, 'login')).toBe(true);
    const lines = rig.relay.audited.slice(1);
    expect(lines.map(({ by, action, subject }) => [by, action, subject])).toEqual([
      ['account:root', 'login', 'root'],
      ['', 'loginFailed', 'root'],
      ['', 'loginFailed', ''],
    ]);
  });

  test('is limited by address', async () => {
    await setUp(rig);
    for (let n = 0; n < MAX_PASSWORD_TRIES; n += 1) {
      expect((await logIn(rig, 'root', 'wrong password')).status).toBe(401);
    }
    expect((await logIn(rig, 'root', SOME_PASSWORD)).status).toBe(429);
    rig.clock.nowMs += 30_000;
    expect((await logIn(rig, 'root', SOME_PASSWORD)).status).toBe(200);
    expect(triesBalance(rig, 'login')).toBe(true);
  });

  test('while too many passwords wait, nobody is let in, and nobody’s try counts', async () => {
    await setUp(rig);
    rig.hasher.mood = 'full';
    for (let n = 0; n < 2 * MAX_PASSWORD_TRIES; n += 1) {
      rig.clock.nowMs += 6_000;
      expect(await logIn(rig, 'root', SOME_PASSWORD)).toMatchObject({ status: 503, body: { code: 'busy' } });
    }
    rig.hasher.mood = 'well';
    expect((await logIn(rig, 'root', SOME_PASSWORD)).status).toBe(200);
    expect(triesBalance(rig, 'login')).toBe(true);
  });

  test('an account that changes while its password is looked at is not logged in', async () => {
    const { token } = await setUp(rig);
    await addAccount(rig, token, 'mod', MODERATOR_ROLE_ID);
    let decide = (): void => {};
    rig.hasher.compare = () =>
      new Promise((resolve) => {
        decide = () => resolve('right');
      });
    const login = logIn(rig, 'mod', SOME_PASSWORD);
    await vi.waitFor(() => expect(rig.admin.counters()['login.triesUnderWay']).toBe(1), 5_000);
    const change = { name: 'mod', role: 1, password: 'another password' };
    expect((await rig.ask('PUT', '/api/accounts', token, change)).status).toBe(204);
    decide();
    expect((await login).status).toBe(401);
  });

  describe('from many addresses', () => {
    beforeEach(async () => {
      await rig.close();
      rig = await openAdmin({ behindProxy: true, proxyAddresses: ['127.0.0.1'] });
      await setUp(rig);
    });

    const from = (n: number, name: string, password: string) =>
      rig.ask(
        'POST',
        '/api/login',
        null,
        { name, password },
        { 'X-Forwarded-For': `198.51.100.${n}, 203.0.113.${n}` },
      );

    test('is limited by name, at the limit and above, and only for that name', async () => {
      for (let n = 0; n < MAX_NAME_TRIES; n += 1) expect((await from(n, 'root', 'wrong')).status).toBe(401);
      expect((await from(100, 'ROOT', SOME_PASSWORD)).status).toBe(429);
      expect((await from(100, 'other', 'wrong')).status).toBe(401);
      rig.clock.nowMs += 6_000;
      expect((await from(100, 'root', SOME_PASSWORD)).status).toBe(200);
      expect(triesBalance(rig, 'login')).toBe(true);
    });

    test('is limited in all, at the limit and above', async () => {
      for (let n = 0; n < MAX_TRIES; n += 1) expect((await from(n, `name${n}`, 'wrong')).status).toBe(401);
      expect((await from(100, 'root', SOME_PASSWORD)).status).toBe(429);
      rig.clock.nowMs += 2_000;
      expect((await from(100, 'root', SOME_PASSWORD)).status).toBe(200);
      expect(triesBalance(rig, 'login')).toBe(true);
    });

    test('whoever logged in from an address before is limited by that address alone', async () => {
      expect((await from(100, 'root', SOME_PASSWORD)).status).toBe(200);
      for (let n = 0; n < MAX_TRIES; n += 1) await from(n, n % 2 === 0 ? 'root' : `name${n}`, 'wrong');
      expect((await from(101, 'root', SOME_PASSWORD)).status).toBe(429);
      expect((await from(100, 'ROOT', SOME_PASSWORD)).status).toBe(200);
      expect((await from(100, 'other', SOME_PASSWORD)).status).toBe(429);
      for (let n = 0; n < MAX_PASSWORD_TRIES; n += 1) {
        expect((await from(100, 'root', 'wrong')).status).toBe(401);
      }
      expect((await from(100, 'root', SOME_PASSWORD)).status).toBe(429);
      expect(triesBalance(rig, 'login')).toBe(true);
    });

    test('fills only some lines of the audit log', async () => {
      const tries = MAX_FAILURE_LINES + 10;
      for (let n = 0; n < tries; n += 1) {
        rig.clock.nowMs += 2_000;
        expect((await from(n, `name${n}`, 'wrong')).status).toBe(401);
      }
      const failures = rig.relay.audited.filter(({ action }) => action === 'loginFailed');
      expect(failures.length).toBe(MAX_FAILURE_LINES);
      expect(failures.every(({ subject }) => subject === '')).toBe(true);
      expect(rig.admin.counters()['failureLinesLeftOut']).toBe(10);
    });
  });

  test('the real hasher makes Argon2id of 64 MiB and three passes, and compares with it', async () => {
    const hasher = new PasswordHasher(1, 1);
    const hashed = (await hasher.hash(SOME_PASSWORD)) ?? '';
    expect(hashed).toMatch(/^\$argon2id\$v=19\$m=65536,p=1,t=3\$[A-Za-z0-9+/]{22}\$/);
    expect(hashed.length).toBeLessThanOrEqual(256);
    expect(await hasher.compare(SOME_PASSWORD, hashed)).toBe('right');
  }, 20_000);
});
