import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SecretBox } from '../base/secret-box.ts';
import { CLIENT_DATABASE_NAME, ClientStore, MAX_KNOWN_RELAYS, MAX_PEOPLE } from './client-database.ts';
import { fileSecretBox } from './secret-box.ts';

const migrationsFolder = join(import.meta.dirname, '../../../resources/migrations/client');
const SEED = new Uint8Array(32).fill(7);

let folder = '';
let store: ClientStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-client-'));
  store = openStore();
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

function openStore(...boxes: SecretBox[]): ClientStore {
  return new ClientStore({
    folder,
    migrationsFolder,
    boxes: [...boxes, fileSecretBox(folder)] as [SecretBox],
  });
}

function restart(...boxes: SecretBox[]): ClientStore {
  store.close();
  store = openStore(...boxes);
  return store;
}

function raw<T>(work: (connection: Database.Database) => T): T {
  const connection = new Database(join(folder, CLIENT_DATABASE_NAME));
  try {
    return work(connection);
  } finally {
    connection.close();
  }
}

/** A box that seals nothing and opens only what was sealed while its key store was there. */
function systemBox(keyStore: { there: boolean }): SecretBox {
  return {
    kind: 'system',
    seal: (bytes) => Uint8Array.of(0x53, ...bytes),
    open: (sealed) => (keyStore.there ? sealed.slice(1) : null),
  };
}

const bookmark = {
  id: null,
  name: 'The den',
  address: 'den.example',
  port: 48_480,
  nickname: 'Ada',
  certificateSha256: 'x'.repeat(43),
};

describe('settings', () => {
  it('are kept from one start to the next, for the owner alone', () => {
    const list = { id: 1, name: 'Crew', targets: ['someone'], binding: null };
    store.update({ nickname: 'Ada', activation: 'open' });
    store.update({
      nickname: 'Eve',
      whisperLists: [list],
      replyKey: { device: 'mouse', code: 4, label: 'M4' },
    });
    expect(restart().current).toMatchObject({ nickname: 'Eve', activation: 'open', whisperLists: [list] });
    expect(store.current.replyKey).toEqual({ device: 'mouse', code: 4, label: 'M4' });
    expect(statSync(join(folder, CLIENT_DATABASE_NAME)).mode & 0o777).toBe(0o600);
  });

  it('give way to the default where they are not what they should be, and only there', () => {
    store.update({ nickname: 'Ada', gateThresholdDb: -30, inputId: 'mic' });
    raw((connection) => {
      connection.exec("UPDATE setting SET value = '7' WHERE key = 'gateThresholdDb'");
      connection.exec("UPDATE setting SET value = '{' WHERE key = 'inputId'");
      connection.exec("INSERT INTO setting VALUES ('of a later version', '1')");
    });
    expect(restart().current).toMatchObject({ nickname: 'Ada', gateThresholdDb: -45, inputId: '' });
    expect(store.wasDamaged).toBe(true);
  });

  it('are taken over from the file of earlier versions, once', () => {
    const path = join(folder, 'settings.json');
    const old = { nickname: 'Ada', gateThresholdDb: 5, knownRelays: { 'a:1': 'abc', 'b:2': 'def' } };
    writeFileSync(path, JSON.stringify(old));
    expect(restart().current).toMatchObject({ nickname: 'Ada', gateThresholdDb: -45 });
    expect(store.wasDamaged).toBe(false);
    expect(store.knownRelay('b:2')).toBe('def');
    expect(existsSync(path)).toBe(false);
    expect(JSON.parse(readFileSync(`${path}.imported`, 'utf8'))).toEqual(old);
    store.update({ nickname: 'Eve' });
    // As if the program had been killed before the file was put aside.
    writeFileSync(path, JSON.stringify(old));
    expect(restart().current.nickname).toBe('Eve');
    expect(existsSync(path)).toBe(false);
  });

  it('start with the defaults, and say so, when that file is damaged; it is put aside', () => {
    writeFileSync(join(folder, 'settings.json'), '{"nickname": "Ada"');
    expect(restart().wasDamaged).toBe(true);
    expect(store.current.nickname).toBe('');
    expect(readFileSync(join(folder, 'settings.json.damaged'), 'utf8')).toContain('Ada');
    expect(restart().wasDamaged).toBe(false);
  });
});

describe('relays and people', () => {
  it('remembers certificates, and forgets the relay not seen for longest when there are too many', () => {
    store.rememberRelay('old:1', 'one');
    store.rememberRelay('kept:1', 'two');
    raw((connection) => {
      connection.exec("UPDATE known_relay SET last_seen_ms = 5, first_seen_ms = 5 WHERE host_port = 'old:1'");
      connection.exec(
        "UPDATE known_relay SET last_seen_ms = 9, first_seen_ms = 9 WHERE host_port = 'kept:1'",
      );
      const insert = connection.prepare('INSERT INTO known_relay VALUES (?, ?, 10, 10)');
      for (let n = 2; n < MAX_KNOWN_RELAYS; n += 1) insert.run(`r${n}:1`, 'x');
    });
    store.rememberRelay('kept:1', 'two');
    expect(store.knownRelay('old:1')).toBe('one');
    store.rememberRelay('new:1', 'three');
    expect(store.knownRelay('old:1')).toBeNull();
    expect([store.knownRelay('kept:1'), store.knownRelay('new:1')]).toEqual(['two', 'three']);
    expect(raw((connection) => connection.prepare('SELECT count(*) FROM known_relay').pluck().get())).toBe(
      MAX_KNOWN_RELAYS,
    );
  });

  it('knows since when it knows a certificate', () => {
    const firstSeen = (): unknown =>
      raw((connection) => connection.prepare('SELECT first_seen_ms FROM known_relay').pluck().get());
    store.rememberRelay('a:1', 'one');
    raw((connection) => connection.exec('UPDATE known_relay SET first_seen_ms = 5'));
    store.rememberRelay('a:1', 'one');
    expect(firstSeen()).toBe(5);
    store.rememberRelay('a:1', 'two');
    expect(firstSeen()).toBeGreaterThan(5);
    expect(restart().knownRelay('a:1')).toBe('two');
  });

  it('keeps what was decided about somebody, per relay', () => {
    const ada = { nickname: 'Ada', volume: 0.25, mutedHere: true, verified: false };
    store.savePerson('server', 'ada', { ...ada, volume: 2 });
    store.savePerson('server', 'ada', ada);
    store.savePerson('elsewhere', 'ada', { ...ada, verified: true });
    expect(restart().person('server', 'ada')).toEqual(ada);
    expect(store.person('elsewhere', 'ada')).toEqual({ ...ada, verified: true });
    expect(store.person('server', 'bob')).toBeNull();
    raw((connection) => connection.exec('UPDATE person SET volume = 99'));
    expect(store.person('server', 'ada')).toBeNull();
  });

  it('forgets the unverified first when there are too many', () => {
    raw((connection) => {
      connection.exec("INSERT INTO person VALUES ('s', 'verified', 'V', 1, 0, 1, 0)");
      const insert = connection.prepare("INSERT INTO person VALUES ('s', ?, 'P', 1, 0, 0, ?)");
      connection.transaction(() => {
        for (let n = 1; n < MAX_PEOPLE; n += 1) insert.run(`p${n}`, n);
      })();
    });
    store.savePerson('s', 'new', { nickname: 'N', volume: 1, mutedHere: false, verified: false });
    expect(store.person('s', 'p1')).toBeNull();
    expect(store.person('s', 'p2')).not.toBeNull();
    expect(store.person('s', 'verified')).not.toBeNull();
    expect(store.person('s', 'new')).not.toBeNull();
  });
});

describe('bookmarks', () => {
  it('are kept, changed and removed, their passwords sealed', () => {
    store.bookmarks.save(bookmark, 'swordfish');
    store.bookmarks.save({ ...bookmark, name: 'Other', certificateSha256: null }, undefined);
    const [den, other] = restart().bookmarks.list();
    expect(den).toEqual({ ...bookmark, id: den?.id, hasPassword: true });
    expect(other).toMatchObject({ name: 'Other', certificateSha256: null, hasPassword: false });
    const id = den?.id ?? 0;
    expect(store.bookmarks.password(id)).toBe('swordfish');
    expect(raw((connection) => connection.serialize()).includes('swordfish')).toBe(false);
    store.bookmarks.save({ ...bookmark, id, name: 'Attic' }, undefined);
    expect(store.bookmarks.list()[0]).toMatchObject({ name: 'Attic', hasPassword: true });
    store.bookmarks.save({ ...bookmark, id }, null);
    expect([store.bookmarks.list()[0]?.hasPassword, store.bookmarks.password(id)]).toEqual([false, null]);
    store.bookmarks.save({ ...bookmark, id }, 'again');
    store.bookmarks.remove(id);
    expect(restart().bookmarks.list()).toEqual([other]);
    expect(store.bookmarks.password(id)).toBeNull();
    expect(raw((connection) => connection.prepare('SELECT count(*) FROM secret').pluck().get())).toBe(0);
  });

  it('leave no half of one behind when the box refuses', () => {
    const broken: SecretBox = {
      kind: 'system',
      seal: () => {
        throw new Error('no key');
      },
      open: () => null,
    };
    restart(broken);
    expect(() => store.bookmarks.save(bookmark, 'x')).toThrow('no key');
    expect(store.bookmarks.list()).toEqual([]);
    store.bookmarks.save({ ...bookmark, id: 77 }, 'x');
    expect(store.bookmarks.list()).toEqual([]);
  });
});

describe('the identity', () => {
  it('is kept sealed', () => {
    expect(store.identity.load()).toEqual({ ok: true, seed: null });
    store.identity.save(SEED);
    const loaded = restart().identity.load();
    expect(loaded.ok && loaded.seed !== null && [...loaded.seed]).toEqual([...SEED]);
    expect(store.identity.storage).toBe('file');
    expect(raw((connection) => connection.serialize()).includes(Buffer.from(SEED))).toBe(false);
  });

  it('opens under the box of its kind, whichever seals now', () => {
    store.identity.save(SEED);
    const keyStore = { there: true };
    restart(systemBox(keyStore));
    expect(store.identity.storage).toBe('system');
    expect(store.identity.load()).toMatchObject({ ok: true, seed: expect.any(Uint8Array) });
    store.identity.save(SEED);
    keyStore.there = false;
    expect(store.identity.load()).toMatchObject({ ok: false, reason: 'unopenable' });
    expect(restart().identity.load()).toMatchObject({ ok: false, reason: 'unopenable' });
  });

  it('is put aside and not overwritten when it cannot be opened', () => {
    const keyStore = { there: true };
    restart(systemBox(keyStore)).identity.save(SEED);
    for (let n = 1; n <= 2; n += 1) {
      keyStore.there = false;
      store.identity.save(new Uint8Array(32).fill(n));
      keyStore.there = true;
    }
    const names = raw((connection) =>
      connection.prepare('SELECT name FROM secret ORDER BY name').pluck().all(),
    );
    expect(names).toEqual(['identity', 'identity.unopened.1', 'identity.unopened.2']);
    const aside = raw((connection) =>
      connection.prepare("SELECT sealed FROM secret WHERE name = 'identity.unopened.1'").pluck().get(),
    );
    expect(Buffer.from(aside as Uint8Array).subarray(1)).toEqual(Buffer.from(SEED));
  });
});
