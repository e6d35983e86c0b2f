import { beforeEach, expect, test } from 'vitest';
import type { Grant } from '../../../contract/admin.ts';
import type { Answer } from '../api/admin-http.ts';
import { keepGrant } from './kept-grant.ts';
import { SessionKeeper } from './session-keeper.ts';
import { sessionToken, showSession, useSession } from './session-store.ts';

const HOUR_MS = 3_600_000;

function grantOf(token: string, expiresMs: number): Grant {
  return { token, expiresMs, account: { name: 'ada', role: 3, createdMs: 1 } };
}

const refused = { ok: false, code: 'x', sentence: 'No.' } as const;

/** A keeper with a clock, storage and relay that are made up. */
class Place {
  nowMs = 0;
  needed = false;
  renewed: Answer<Grant> = refused;
  redeemed: Answer<Grant> = refused;
  loggedOut = 0;
  readonly items = new Map<string, string>();
  readonly timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  readonly storage = {
    getItem: (key: string): string | null => this.items.get(key) ?? null,
    setItem: (key: string, value: string): void => void this.items.set(key, value),
    removeItem: (key: string): void => void this.items.delete(key),
  };
  readonly keeper = new SessionKeeper({
    api: {
      setupState: () => Promise.resolve({ ok: true, value: { needed: this.needed } }),
      redeem: () => Promise.resolve(this.redeemed),
      renew: () => Promise.resolve(this.renewed),
      logOut: () => {
        this.loggedOut += 1;
        return Promise.resolve({ ok: true, value: null });
      },
    },
    storage: this.storage,
    nowMs: () => this.nowMs,
    later: (delayMs, callback) => {
      const timer = { atMs: this.nowMs + delayMs, callback };
      this.timers.add(timer);
      return () => this.timers.delete(timer);
    },
  });

  async advance(toMs: number): Promise<void> {
    for (;;) {
      const due = [...this.timers].filter((timer) => timer.atMs <= toMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.nowMs = due.atMs;
      this.timers.delete(due);
      due.callback();
      await settled();
    }
    this.nowMs = toMs;
  }
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

beforeEach(() => showSession({ phase: 'checking' }));

const session = () => useSession.getState().session;

test('a fresh relay asks for the setup, with the code of the link; another for the login', async () => {
  const place = new Place();
  place.needed = true;
  await place.keeper.open({ kind: 'setup', code: 'AB' });
  expect(session()).toEqual({ phase: 'setup', code: 'AB' });
  place.needed = false;
  await place.keeper.open({ kind: 'none' });
  expect(session()).toEqual({ phase: 'login', sentence: '', name: '' });
});

test('a grant that is kept is used without asking', async () => {
  const place = new Place();
  keepGrant(place.storage, grantOf('kept', HOUR_MS));
  await place.keeper.open({ kind: 'none' });
  expect(sessionToken()).toBe('kept');
});

test('the code of the host’s link logs in; one that was used says so at the login', async () => {
  const place = new Place();
  place.redeemed = { ok: true, value: grantOf('host', HOUR_MS) };
  await place.keeper.open({ kind: 'redeem', code: 'once' });
  expect(sessionToken()).toBe('host');
  place.redeemed = { ok: false, code: 'used', sentence: 'It was used.' };
  await place.keeper.open({ kind: 'redeem', code: 'once' });
  expect(session()).toEqual({ phase: 'login', sentence: 'It was used.', name: '' });
});

test('a session is renewed at half of its life, and lives on', async () => {
  const place = new Place();
  place.keeper.enter(grantOf('first', HOUR_MS));
  place.renewed = { ok: true, value: grantOf('second', 2 * HOUR_MS) };
  await place.advance(HOUR_MS / 2);
  expect(sessionToken()).toBe('second');
  place.renewed = refused;
  await place.advance(HOUR_MS + 1);
  expect(sessionToken()).toBe('second');
});

test('one that cannot be renewed ends at its hour, with its name for the login', async () => {
  const place = new Place();
  place.keeper.enter(grantOf('only', HOUR_MS));
  await place.advance(HOUR_MS - 1);
  expect(sessionToken()).toBe('only');
  await place.advance(HOUR_MS);
  const ended = session();
  expect(ended.phase).toBe('login');
  expect(ended).toMatchObject({ name: 'ada' });
  expect(place.items.size).toBe(0);
  expect(place.timers.size).toBe(0);
});

test('a refusal of an older token does not end the session', () => {
  const place = new Place();
  place.keeper.enter(grantOf('now', HOUR_MS));
  place.keeper.expire('before');
  expect(sessionToken()).toBe('now');
  place.keeper.expire('now');
  expect(sessionToken()).toBeNull();
});

test('logging out tells the relay and keeps nothing', () => {
  const place = new Place();
  place.keeper.enter(grantOf('now', HOUR_MS));
  place.keeper.logOut();
  expect(place.loggedOut).toBe(1);
  expect(place.items.size).toBe(0);
  expect(session()).toEqual({ phase: 'login', sentence: '', name: '' });
  place.keeper.logOut();
  expect(place.loggedOut).toBe(1);
});
