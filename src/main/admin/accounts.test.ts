import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Grant } from '../../contract/admin.ts';
import { ADMIN_ROLE_ID, MODERATOR_ROLE_ID } from '../../core/wire/roles.ts';
import { AdminDatabase, MAX_ENDED_LOGINS } from './admin-database.ts';
import {
  ADMIN_MIGRATIONS,
  type AdminRig,
  addAccount,
  logIn,
  openAdmin,
  SOME_PASSWORD,
  setUp,
  works,
} from './admin-rig.ts';
import { LOGIN_MS, TOKEN_MS } from './tokens.ts';

let rig: AdminRig;

beforeEach(async () => {
  rig = await openAdmin();
});

afterEach(() => rig.close());

describe('tokens', () => {
  test('end after twelve hours, and can be renewed for a week', async () => {
    const startMs = rig.clock.wallMs;
    let { token } = await setUp(rig);
    const first = token;
    rig.clock.wallMs = startMs + TOKEN_MS - 1_000;
    expect(await works(rig, token)).toBe(true);
    let renewals = 0;
    for (;;) {
      const { status, body } = await rig.ask('POST', '/api/renew', token);
      expect(status).toBe(200);
      renewals += 1;
      ({ token } = body as Grant);
      const { expiresMs } = body as Grant;
      expect(expiresMs).toBeLessThanOrEqual(startMs + LOGIN_MS);
      rig.clock.wallMs = expiresMs - 1_000;
      if (expiresMs === startMs + LOGIN_MS) break;
    }
    expect(renewals).toBeGreaterThanOrEqual(LOGIN_MS / TOKEN_MS - 1);
    expect(await works(rig, token)).toBe(true);
    rig.clock.wallMs += 1_000;
    expect(await rig.ask('GET', '/api/room', token)).toMatchObject({
      status: 401,
      body: { code: 'tokenExpired' },
    });
    expect(await works(rig, first)).toBe(false);
  });

  test('of one login end together when it is ended; those of another stay', async () => {
    const { token } = await setUp(rig);
    const renewed = ((await rig.ask('POST', '/api/renew', token)).body as Grant).token;
    const other = ((await logIn(rig, 'root', SOME_PASSWORD)).body as Grant).token;
    expect((await rig.ask('POST', '/api/logout', renewed)).status).toBe(204);
    expect([await works(rig, token), await works(rig, renewed), await works(rig, other)]).toEqual([
      false,
      false,
      true,
    ]);
    // Over a start as well.
    await rig.admin.close();
    rig = await openAdmin({}, { folder: rig.folder });
    expect([await works(rig, token), await works(rig, other)]).toEqual([false, true]);
  });

  test('end with a new password and with the account', async () => {
    const { token: root } = await setUp(rig);
    const { token } = await addAccount(rig, root, 'mod', MODERATOR_ROLE_ID);
    const change = { name: 'MOD', role: ADMIN_ROLE_ID, password: null };
    expect((await rig.ask('PUT', '/api/accounts', root, change)).status).toBe(204);
    expect(await works(rig, token)).toBe(true);
    expect((await rig.ask('GET', '/api/accounts', token)).status).toBe(200);

    const renamed = { ...change, password: 'another password' };
    expect((await rig.ask('PUT', '/api/accounts', root, renamed)).status).toBe(204);
    expect(await works(rig, token)).toBe(false);
    expect((await logIn(rig, 'mod', SOME_PASSWORD)).status).toBe(401);
    const again = ((await logIn(rig, 'mod', 'another password')).body as Grant).token;
    expect((await rig.ask('DELETE', '/api/accounts/mod', root)).status).toBe(204);
    expect(await works(rig, again)).toBe(false);
    // The same name again is somebody else.
    await addAccount(rig, root, 'mod', MODERATOR_ROLE_ID);
    expect([await works(rig, token), await works(rig, again), await works(rig, root)]).toEqual([
      false,
      false,
      true,
    ]);
  });

  test('that are forged, tampered with, unsigned or another relay’s are refused', async () => {
    const { token } = await setUp(rig);
    const [header = '', payload = '', signature = ''] = token.split('.');
    const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    await rig.admin.close();
    const database = new AdminDatabase(rig.folder, ADMIN_MIGRATIONS);
    const key = database.signingKey;
    database.close();
    rig = await openAdmin({}, { folder: rig.folder });
    const sign = (changes: object, alg = 'HS256', typ = 'JWT', by = key): Promise<string> =>
      new SignJWT({ ...claims, ...changes }).setProtectedHeader({ alg, typ }).sign(by);
    expect(await works(rig, await sign({}))).toBe(true);
    const bad = [
      `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`,
      `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.${signature}`,
      `${header}.${encode({ ...claims, sub: '2' })}.${signature}`,
      `${header}.${payload}.${signature.slice(0, -2)}AA`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      'x',
      'x'.repeat(3_000),
      // The right key, by an algorithm that is not ours.
      await sign({}, 'HS512'),
      await sign({}, 'HS384'),
      await sign({}, 'HS512', 'JWT', new Uint8Array(64)),
      await sign({}, 'HS512', 'JWT', Buffer.concat([key, key])),
      await sign({}, 'HS256', 'at+jwt'),
      await sign({}, 'HS256', 'JWT', new Uint8Array(32)),
      await sign({ aud: 'sidetone-relay:another' }),
      await sign({ iss: 'another' }),
      await sign({ sub: '99' }),
      await sign({ sub: '1 OR 1=1' }),
      await sign({ sub: '0' }),
      await sign({ epoch: 1 }),
      await sign({ epoch: '0' }),
      await sign({ sid: undefined }),
      await sign({ jti: undefined }),
      await sign({ exp: undefined }),
      await sign({ exp: Math.floor(rig.clock.wallMs / 1_000) }),
      await sign({ nbf: Math.floor(rig.clock.wallMs / 1_000) + 60 }),
    ];
    const statuses: number[] = [];
    for (const token of bad) {
      const { status } = await rig.ask('GET', '/api/room', token);
      statuses.push(status);
    }
    expect(statuses).toEqual(bad.map(() => 401));
  });

  test('too many ended logins end all of them', async () => {
    const { token } = await setUp(rig);
    await rig.admin.close();
    const database = new AdminDatabase(rig.folder, ADMIN_MIGRATIONS);
    const { wallMs } = rig.clock;
    for (let n = 0; n < MAX_ENDED_LOGINS - 1; n += 1) {
      expect(database.endLogin(1, `login ${n}`, wallMs + LOGIN_MS, wallMs)).toBe(true);
    }
    database.close();
    rig = await openAdmin({}, { folder: rig.folder });
    const fresh = async (): Promise<string> => {
      rig.clock.nowMs += 3_600_001;
      return ((await logIn(rig, 'root', SOME_PASSWORD)).body as Grant).token;
    };
    const [one, two, three] = [await fresh(), await fresh(), await fresh()];
    await rig.ask('POST', '/api/logout', one);
    expect([await works(rig, one), await works(rig, two), await works(rig, token)]).toEqual([
      false,
      true,
      true,
    ]);
    await rig.ask('POST', '/api/logout', two);
    expect([await works(rig, two), await works(rig, three), await works(rig, token)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(await works(rig, await fresh())).toBe(true);
  });
});

describe('accounts', () => {
  test('are for admins, and there is always one', async () => {
    const { token: root } = await setUp(rig);
    const { token } = await addAccount(rig, root, 'mod', MODERATOR_ROLE_ID);
    const save = { name: 'new', role: 1, password: SOME_PASSWORD };
    for (const [method, path, body] of [
      ['GET', '/api/accounts', undefined],
      ['PUT', '/api/accounts', save],
      ['DELETE', '/api/accounts/root', undefined],
    ] as const) {
      expect((await rig.ask(method, path, null, body)).status).toBe(401);
      expect(await rig.ask(method, path, token, body)).toMatchObject({
        status: 403,
        body: { code: 'notAllowed', sentence: 'Only admins may do that. Your role is Moderator.' },
      });
    }
    expect((await rig.ask('GET', '/api/accounts', root)).body).toEqual([
      { name: 'root', role: ADMIN_ROLE_ID, createdMs: rig.clock.wallMs },
      { name: 'mod', role: MODERATOR_ROLE_ID, createdMs: rig.clock.wallMs },
    ]);
    const last = { status: 409, body: { code: 'lastAdmin' } };
    const demoted = { name: 'root', role: MODERATOR_ROLE_ID, password: null };
    expect(await rig.ask('DELETE', '/api/accounts/Root', root)).toMatchObject(last);
    expect(await rig.ask('PUT', '/api/accounts', root, demoted)).toMatchObject(last);
    const promoted = { name: 'mod', role: ADMIN_ROLE_ID, password: null };
    expect((await rig.ask('PUT', '/api/accounts', root, promoted)).status).toBe(204);
    expect((await rig.ask('DELETE', '/api/accounts/Root', root)).status).toBe(204);
    expect(await rig.ask('DELETE', '/api/accounts/mod', token)).toMatchObject(last);
  });

  test('need a role that exists, a name that can be one, and a password when they are new', async () => {
    const { token } = await setUp(rig);
    const save = { name: 'new', role: 1, password: SOME_PASSWORD };
    const ask = (changes: object) => rig.ask('PUT', '/api/accounts', token, { ...save, ...changes });
    expect(await ask({ role: 99 })).toMatchObject({ status: 404, body: { code: 'unknownRole' } });
    expect(await ask({ password: null })).toMatchObject({ status: 400, body: { code: 'passwordNeeded' } });
    expect((await ask({ name: 'two words' })).status).toBe(400);
    expect(await rig.ask('DELETE', '/api/accounts/nobody', token)).toMatchObject({
      status: 404,
      body: { code: 'unknownAccount' },
    });
  });

  test('changes stand in the audit log, passwords nowhere', async () => {
    const { token } = await setUp(rig);
    await addAccount(rig, token, 'mod', MODERATOR_ROLE_ID);
    await rig.ask('DELETE', '/api/accounts/mod', token);
    expect(rig.relay.audited.map(({ by, action, subject, reason }) => [by, action, subject, reason])).toEqual(
      [
        ['account:root', 'accountSetUp', 'root', ''],
        ['account:root', 'createAccount', 'mod', 'password'],
        ['account:mod', 'login', 'mod', ''],
        ['account:root', 'removeAccount', 'mod', ''],
      ],
    );
    const told = JSON.stringify([rig.logged, rig.admin.counters()]);
    for (const secret of ['horse', 'root', 'mod', '127.0.0.1', token]) expect(told).not.toContain(secret);
  });

  test('are changed even where the audit log cannot be written, which is counted', async () => {
    await setUp(rig);
    rig.relay.mood = 'gone';
    expect((await logIn(rig, 'root', SOME_PASSWORD)).status).toBe(200);
    expect(rig.admin.counters()['auditFailed']).toBe(1);
  });

  test('the server closes while a password is looked at', async () => {
    const { token } = await setUp(rig);
    let decide = (): void => {};
    rig.hasher.compare = () =>
      new Promise((resolve) => {
        decide = () => resolve('right');
      });
    const login = logIn(rig, 'root', SOME_PASSWORD).catch(() => null);
    await vi.waitFor(() => expect(rig.admin.counters()['login.triesUnderWay']).toBe(1), 5_000);
    await rig.admin.close();
    decide();
    expect(await login).toBeNull();
    rig = await openAdmin({}, { folder: rig.folder });
    expect(await works(rig, token)).toBe(true);
  });

  test('a database whose key is spoilt is left as it is', async () => {
    await rig.admin.close();
    const path = join(rig.folder, 'admin.db');
    const database = new Database(path);
    database.prepare("UPDATE meta SET value = 'short' WHERE name = 'signingKey'").run();
    database.close();
    await expect(openAdmin({}, { folder: rig.folder })).rejects.toThrow('damaged');
    const after = new Database(path);
    expect(after.prepare("SELECT value FROM meta WHERE name = 'signingKey'").pluck().get()).toBe('short');
    after.close();
    rmSync(rig.folder, { recursive: true });
    rig = await openAdmin();
  });

  test('lie in a file for its owner alone', () => {
    for (const name of ['admin.db', 'admin.db-wal', 'admin.db.lock']) {
      expect(statSync(join(rig.folder, name)).mode & 0o077).toBe(0);
    }
  });
});
