import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Grant } from '../../contract/admin.ts';
import { MAX_PASSWORD_TRIES } from '../../core/relay/guess-limit.ts';
import { ADMIN_ROLE_ID, MODERATOR_ROLE_ID } from '../../core/wire/roles.ts';
import { type AdminRig, openAdmin, SOME_PASSWORD, setUp, triesBalance, works } from './admin-rig.ts';
import { LOGIN_LINK_MS } from './one-time-codes.ts';

let rig: AdminRig;

beforeEach(async () => {
  rig = await openAdmin();
});

afterEach(() => rig.close());

function codeOf(link: string): string {
  return new URL(link).hash.replace('#login=', '');
}

describe('the first account', () => {
  test('is made with the code that the host shows, once', async () => {
    const code = rig.admin.setupCode ?? '';
    expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}$/);
    expect((await rig.ask('GET', '/api/setup', null)).body).toEqual({ needed: true });

    const typed = code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l');
    const request = { code: typed, name: 'Root', password: SOME_PASSWORD };
    const { status, body } = await rig.ask('POST', '/api/setup', null, request);
    expect(status).toBe(200);
    expect(body).toMatchObject({ account: { name: 'Root', role: ADMIN_ROLE_ID } });
    expect(await works(rig, (body as Grant).token)).toBe(true);

    expect(rig.admin.setupCode).toBeNull();
    expect((await rig.ask('GET', '/api/setup', null)).body).toEqual({ needed: false });
    expect(await rig.ask('POST', '/api/setup', null, { ...request, name: 'other' })).toMatchObject({
      status: 409,
      body: { code: 'alreadySetUp' },
    });
    expect(rig.relay.audited.map(({ by, action, subject }) => [by, action, subject])).toEqual([
      ['account:Root', 'accountSetUp', 'Root'],
    ]);
  });

  test('two who hold the code make one', async () => {
    const ask = (name: string) =>
      rig.ask('POST', '/api/setup', null, { code: rig.admin.setupCode, name, password: SOME_PASSWORD });
    let goOn = (): void => {};
    const hash = rig.hasher.hash.bind(rig.hasher);
    rig.hasher.hash = async (password) => {
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      return hash(password);
    };
    const one = ask('one');
    await vi.waitFor(() => expect(rig.admin.counters()['code.triesUnderWay']).toBe(1), 5_000);
    expect((await ask('two')).status).toBe(403);
    goOn();
    expect((await one).status).toBe(200);
    expect(triesBalance(rig, 'code')).toBe(true);
  });

  test('a code stays good when its password could not be looked after', async () => {
    rig.hasher.mood = 'full';
    const request = { code: rig.admin.setupCode, name: 'root', password: SOME_PASSWORD };
    expect((await rig.ask('POST', '/api/setup', null, request)).status).toBe(503);
    rig.hasher.mood = 'well';
    expect((await rig.ask('POST', '/api/setup', null, request)).status).toBe(200);
  });

  test('guessing the code is slowed down, below, at and above the limit', async () => {
    const guess = () =>
      rig.ask('POST', '/api/setup', null, { code: 'AAAA-AAAA', name: 'root', password: SOME_PASSWORD });
    for (let n = 0; n < MAX_PASSWORD_TRIES; n += 1) {
      expect(await guess()).toMatchObject({ status: 403, body: { code: 'wrongCode' } });
    }
    const refused = await guess();
    expect(refused).toMatchObject({ status: 429, body: { code: 'tooManyTries' } });
    const waitSeconds = Number(refused.headers.get('retry-after'));
    rig.clock.nowMs += waitSeconds * 1_000 - 1;
    expect((await guess()).status).toBe(429);
    rig.clock.nowMs += 1;
    await setUp(rig);
    expect(triesBalance(rig, 'code')).toBe(true);
  });

  test.each([
    ['no', SOME_PASSWORD.slice(0, 9)],
    ['no spaces', SOME_PASSWORD],
    ['', SOME_PASSWORD],
    ['x'.repeat(33), SOME_PASSWORD],
    ['root', 'x'.repeat(257)],
  ])('a bad name or password is told before the code is looked at (%s)', async (name, password) => {
    const request = { code: rig.admin.setupCode, name, password };
    const answer = await rig.ask('POST', '/api/setup', null, request);
    expect(answer).toMatchObject({ status: 400, body: { code: 'badRequest' } });
    expect(JSON.stringify(answer.body)).not.toContain('horse');
    expect(rig.admin.setupCode).not.toBeNull();
  });

  test('is there after a start, and there is no code then', async () => {
    await setUp(rig);
    await rig.admin.close();
    const again = await openAdmin({}, { folder: rig.folder });
    expect(again.admin.setupCode).toBeNull();
    await again.close();
    rig = await openAdmin();
  });
});

describe('the host’s link', () => {
  test('logs in without a password, once, for a minute', async () => {
    const link = rig.admin.issueLoginLink();
    expect(link.startsWith(`${rig.admin.url}#login=`)).toBe(true);
    const { status, body } = await rig.ask('POST', '/api/redeem', null, { code: codeOf(link) });
    expect(status).toBe(200);
    expect(body).toMatchObject({ account: { name: 'host', role: ADMIN_ROLE_ID } });
    expect(await works(rig, (body as Grant).token)).toBe(true);
    expect((await rig.ask('POST', '/api/redeem', null, { code: codeOf(link) })).status).toBe(403);

    const last = codeOf(rig.admin.issueLoginLink());
    rig.clock.wallMs += LOGIN_LINK_MS - 1;
    const inTime = await rig.ask('POST', '/api/redeem', null, { code: last });
    expect(inTime.status).toBe(200);
    const late = codeOf(rig.admin.issueLoginLink());
    rig.clock.wallMs += LOGIN_LINK_MS;
    expect((await rig.ask('POST', '/api/redeem', null, { code: late })).status).toBe(403);
    expect(rig.admin.setupCode).not.toBeNull();
  });

  test('ends with logging out, and with this start', async () => {
    const redeem = async (): Promise<string> => {
      const code = codeOf(rig.admin.issueLoginLink());
      return ((await rig.ask('POST', '/api/redeem', null, { code })).body as Grant).token;
    };
    const one = await redeem();
    const two = await redeem();
    expect((await rig.ask('POST', '/api/logout', one)).status).toBe(204);
    expect([await works(rig, one), await works(rig, two)]).toEqual([false, true]);
    await rig.admin.close();
    rig = await openAdmin({}, { folder: rig.folder });
    expect(await works(rig, two)).toBe(false);
  });

  test('the host makes the first account, an admin’s, and the code is void', async () => {
    const code = codeOf(rig.admin.issueLoginLink());
    const { token } = (await rig.ask('POST', '/api/redeem', null, { code })).body as Grant;
    const account = { name: 'mod', role: MODERATOR_ROLE_ID, password: SOME_PASSWORD };
    expect(await rig.ask('PUT', '/api/accounts', token, account)).toMatchObject({
      status: 409,
      body: { code: 'adminFirst' },
    });
    const admin = { ...account, name: 'root', role: ADMIN_ROLE_ID };
    expect((await rig.ask('PUT', '/api/accounts', token, admin)).status).toBe(204);
    expect(rig.admin.setupCode).toBeNull();
    expect((await rig.ask('PUT', '/api/accounts', token, { ...admin, name: 'HOST' })).status).toBe(409);
  });
});
