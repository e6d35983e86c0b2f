import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseError } from './database-error.ts';
import { type OpenDatabase, openDatabase } from './open-database.ts';

const FIRST = 'CREATE TABLE word (text TEXT NOT NULL) STRICT;';
const SECOND = "ALTER TABLE word ADD COLUMN language TEXT NOT NULL DEFAULT 'en';";
const BROKEN = "INSERT INTO word VALUES ('half', 'way'); INSERT INTO nowhere VALUES (1);";

let folder = '';
let path = '';
let migrationsFolder = '';
const open: OpenDatabase[] = [];
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-database-'));
  path = join(folder, 'data', 'test.db');
  migrationsFolder = join(folder, 'migrations');
  mkdirSync(migrationsFolder);
  migration('0001-words', FIRST);
});
afterEach(() => {
  for (const one of open.splice(0)) if (one.database.open) one.close();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function migration(name: string, sql: string): void {
  writeFileSync(join(migrationsFolder, `${name}.sql`), sql);
}

function openIt(): OpenDatabase {
  const opened = openDatabase({ path, migrationsFolder, secureDelete: false });
  open.push(opened);
  return opened;
}

function failureOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof DatabaseError) {
      expect(error.message).toContain(path);
      return error.failure;
    }
    throw error;
  }
  return 'none';
}

/** Every file of the database's folder by name, but for the lock. */
function contents(): Record<string, string> {
  const data = join(folder, 'data');
  const names = readdirSync(data).filter((name) => !name.endsWith('.lock'));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(data, name)).toString('hex')]));
}

/** Writes a word and leaves the files as a killed program would: with a WAL that nobody has read. */
function leaveKilled(work: (database: Database.Database) => void): void {
  const opened = openIt();
  work(opened.database);
  copyFileSync(path, join(folder, 'test.db'));
  copyFileSync(`${path}-wal`, join(folder, 'test.db-wal'));
  opened.close();
  copyFileSync(join(folder, 'test.db'), path);
  copyFileSync(join(folder, 'test.db-wal'), `${path}-wal`);
}

describe('openDatabase', () => {
  it('makes a database for its owner alone, in WAL mode, with checked references', () => {
    const { database } = openIt();
    database.prepare('INSERT INTO word VALUES (?)').run('hello');
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(database.pragma('synchronous', { simple: true })).toBe(1);
    expect(database.pragma('foreign_keys', { simple: true })).toBe(1);
    expect(database.pragma('user_version', { simple: true })).toBe(1);
    for (const name of readdirSync(join(folder, 'data'))) {
      expect(statSync(join(folder, 'data', name)).mode & 0o777, name).toBe(0o600);
    }
  });

  it('runs migrations in order, once, and records each', () => {
    migration('0002-languages', SECOND);
    migration('0010-not-yet', 'nonsense');
    expect(() => openIt()).toThrow('count up from 1');
    rmSync(join(migrationsFolder, '0010-not-yet.sql'));
    openIt().close();
    const { database } = openIt();
    const rows = database.prepare('SELECT number, name, length(sha256) AS length FROM migration').all();
    expect(rows).toEqual([
      { number: 1, name: 'words', length: 64 },
      { number: 2, name: 'languages', length: 64 },
    ]);
    expect(existsSync(`${path}.version-0`)).toBe(false);
  });

  it('copies an existing database before its first migration, as it was', () => {
    const before = openIt();
    before.database.prepare('INSERT INTO word VALUES (?)').run('kept');
    before.close();
    migration('0002-languages', SECOND);
    const { database } = openIt();
    expect(database.prepare('SELECT * FROM word').all()).toEqual([{ text: 'kept', language: 'en' }]);
    const copy = new Database(`${path}.version-1`, { readonly: true });
    expect(copy.prepare('SELECT * FROM word').all()).toEqual([{ text: 'kept' }]);
    expect(copy.pragma('user_version', { simple: true })).toBe(1);
    copy.close();
    expect(statSync(`${path}.version-1`).mode & 0o777).toBe(0o600);
  });

  it('rolls a failing migration back whole, keeps those before it, and goes on when it is mended', () => {
    openIt().close();
    migration('0002-languages', SECOND);
    migration('0003-broken', BROKEN);
    expect(failureOf(openIt)).toBe('migrationFailed');
    const look = new Database(path, { readonly: true });
    expect(look.pragma('user_version', { simple: true })).toBe(2);
    expect(look.prepare('SELECT count(*) FROM word').pluck().get()).toBe(0);
    look.close();
    migration('0003-broken', "INSERT INTO word VALUES ('whole', 'en');");
    expect(openIt().database.prepare('SELECT count(*) FROM word').pluck().get()).toBe(1);
  });

  it('refuses a migration that leaves a row without its parent', () => {
    migration(
      '0002-orphans',
      'CREATE TABLE child (word INTEGER REFERENCES word(rowid)) STRICT; INSERT INTO child VALUES (7);',
    );
    expect(failureOf(openIt)).toBe('migrationFailed');
  });

  it('leaves a newer database byte for byte as it is', () => {
    migration('0002-languages', SECOND);
    openIt().close();
    rmSync(join(migrationsFolder, '0002-languages.sql'));
    const before = contents();
    expect(failureOf(openIt)).toBe('newer');
    expect(contents()).toEqual(before);
    expect(Object.keys(before)).toEqual(['test.db']);
  });

  it('sees that a database is newer though only its WAL says so, and leaves both as they are', () => {
    openIt().close();
    leaveKilled((database) => database.pragma('user_version = 2'));
    const before = contents();
    expect(readFileSync(path).readUInt32BE(60)).toBe(1);
    expect(failureOf(openIt)).toBe('newer');
    expect(contents()).toEqual(before);
  });

  it('finds what a killed program wrote', () => {
    openIt().close();
    leaveKilled((database) => database.prepare('INSERT INTO word VALUES (?)').run('last'));
    expect(openIt().database.prepare('SELECT text FROM word').pluck().all()).toEqual(['last']);
  });

  it('refuses a migration that is not the one the database went through, however its lines end', () => {
    migration('0001-words', 'CREATE TABLE word (\ntext TEXT NOT NULL\n) STRICT;\n');
    openIt().close();
    migration('0001-words', 'CREATE TABLE word (\r\ntext TEXT NOT NULL\r\n) STRICT;\r\n');
    openIt().close();
    migration('0001-words', 'CREATE TABLE word (\ntext TEXT\n) STRICT;\n');
    expect(failureOf(openIt)).toBe('migrationChanged');
  });

  it('refuses what is damaged or not ours, and removes nothing', () => {
    const opened = openIt();
    const insert = opened.database.prepare('INSERT INTO word VALUES (?)');
    for (let n = 0; n < 2_000; n += 1) insert.run(`word ${n}`);
    opened.close();
    const whole = readFileSync(path);
    const torn = Buffer.from(whole);
    torn.fill(0xa5, 8_192, 20_480);
    for (const bytes of [torn, whole.subarray(0, 50), whole.subarray(0, 4_096), Buffer.from('{"json":1}')]) {
      writeFileSync(path, bytes);
      expect(failureOf(openIt)).toBe('damaged');
      expect(readFileSync(path)).toEqual(bytes);
    }
    rmSync(path);
    new Database(path).exec('CREATE TABLE stranger (x)').close();
    expect(failureOf(openIt)).toBe('damaged');
  });

  it('says that the disk refuses', () => {
    path = join(migrationsFolder, '0001-words.sql', 'test.db');
    expect(failureOf(openIt)).toBe('disk');
  });

  it('lets one have it at a time, within a program and between programs', async () => {
    const mine = openIt();
    expect(failureOf(openIt)).toBe('locked');
    mine.close();
    const lockModule = join(import.meta.dirname, 'database-lock.ts');
    // Nobody keeps the lock's object: the collector must not give it up.
    const program = `
      import { lockDatabase } from ${JSON.stringify(lockModule)};
      lockDatabase(${JSON.stringify(path)});
      console.log('locked');
      setInterval(() => undefined, 1000);`;
    const other = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(other);
    await once(other.stdout, 'data');
    const before = contents();
    expect(failureOf(openIt)).toBe('locked');
    expect(contents()).toEqual(before);
    const ended = once(other, 'exit');
    other.kill('SIGKILL');
    await ended;
    expect(failureOf(openIt)).toBe('none');
  });
});
