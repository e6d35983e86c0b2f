import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DatabaseError } from '../base/sqlite/database-error.ts';
import { firstSettings, hashPassword, type ListeningSettings } from './listening-settings.ts';
import { ListeningStore } from './listening-store.ts';

const MIGRATIONS = resolve(import.meta.dirname, '../../../resources/migrations/listening');

let folder = '';
let store: ListeningStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-listening-'));
  store = new ListeningStore(folder, MIGRATIONS);
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Closes the store, works on its file, and opens it again. */
function meanwhile(work: (database: Database.Database) => void): void {
  store.close();
  const database = new Database(join(folder, 'listening.db'));
  work(database);
  database.close();
  store = new ListeningStore(folder, MIGRATIONS);
}

const full: ListeningSettings = {
  ...firstSettings(7),
  source: 'publisher',
  access: 'password',
  password: hashPassword('open sesame'),
  publishKey: firstSettings(0).linkKey,
  talk: true,
  maxListeners: 5_000,
};

test('what is kept is there after a restart', () => {
  const plain = firstSettings(1);
  store.save(full);
  store.save(plain);
  expect(store.all()).toEqual([plain, full]);
  store.save({ ...full, talk: false, password: null, publishKey: null });
  meanwhile(() => undefined);
  expect(store.all()).toEqual([plain, { ...full, talk: false, password: null, publishKey: null }]);
});

test('the file is for its owner alone, and holds no password', () => {
  store.save(full);
  const files = readdirSync(folder);
  expect(files).toContain('listening.db');
  for (const file of files) {
    expect([file, statSync(join(folder, file)).mode & 0o077]).toEqual([file, 0]);
    expect(readFileSync(join(folder, file)).includes('open sesame')).toBe(false);
  }
});

test('channels that are gone are forgotten, and cannot be read out of the file', () => {
  store.save(full);
  store.save(firstSettings(8));
  store.keepOnly([8, 9]);
  expect(store.all().map(({ channel }) => channel)).toEqual([8]);
  store.close();
  expect(readFileSync(join(folder, 'listening.db')).includes(full.linkKey)).toBe(false);
  store = new ListeningStore(folder, MIGRATIONS);
  store.keepOnly([]);
  expect(store.all()).toEqual([]);
});

test.each([
  ['link_key', "'short'"],
  ['source', "'radio'"],
  ['access', "'everybody'"],
  ['password_md5', "'x'"],
  ['publish_key', "''"],
  ['talk', '2'],
  ['max_listeners', '0'],
])('a row whose %s was spoilt opens nothing', (column, value) => {
  store.save(full);
  store.save(firstSettings(8));
  meanwhile((database) => database.exec(`UPDATE channel SET ${column} = ${value} WHERE id = 7`));
  expect(store.all().map(({ channel }) => channel)).toEqual([8]);
  store.save(full);
  expect(store.all()).toHaveLength(2);
});

test('a file of a newer program is left as it is', () => {
  store.close();
  const database = new Database(join(folder, 'listening.db'));
  database.pragma('user_version = 99');
  database.close();
  const before = readFileSync(join(folder, 'listening.db'));
  expect(() => new ListeningStore(folder, MIGRATIONS)).toThrow(DatabaseError);
  expect(readFileSync(join(folder, 'listening.db')).equals(before)).toBe(true);
  rmSync(join(folder, 'listening.db'));
  store = new ListeningStore(folder, MIGRATIONS);
  expect(store.all()).toEqual([]);
});
