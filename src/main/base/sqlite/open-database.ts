import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { DatabaseError, toDatabaseError } from './database-error.ts';
import { type DatabaseLock, lockDatabase } from './database-lock.ts';
import { applyMigrations, checkHistory, readMigrations } from './migrations.ts';
import { peekVersion } from './peek-version.ts';

export interface OpenDatabaseOptions {
  /** Made, with its folder, when it is not there. */
  readonly path: string;
  /** Folder of `NNNN-name.sql` files. */
  readonly migrationsFolder: string;
  /** Overwrite what is deleted, so that it cannot be read out of the file. */
  readonly secureDelete: boolean;
}

/** A database that is checked, up to date and ours alone. */
export interface OpenDatabase {
  readonly database: Database.Database;
  close(): void;
}

/** A backup tool may hold the file for a moment, in ms; no other program of ours does. */
const BUSY_TIMEOUT_MS = 2_000;

/** A WAL that once grew large is cut to this on the next checkpoint, in bytes. */
const WAL_LIMIT_BYTES = 16 * 1024 * 1024;

/** Makes an empty file first: SQLite would let everybody read it. Its WAL gets the same mode. */
function createPrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (statSync(path, { throwIfNoEntry: false }) === undefined) closeSync(openSync(path, 'a', 0o600));
}

/**
 * WAL with synchronous=NORMAL: what a commit has written is with the operating system before the call returns, so a
 * process killed at any moment loses nothing it acknowledged. A power cut may take the last moments before it, never
 * the integrity of the file. An fsync per write (FULL) would stop the thread that forwards voice for as long as a
 * disk takes, which on a busy one is a gap everybody hears.
 */
function setUp(database: Database.Database, secureDelete: boolean): void {
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = NORMAL');
  database.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`);
  database.pragma(`secure_delete = ${secureDelete ? 'ON' : 'OFF'}`);
  // A migration may take a table apart that others refer to; it is checked as a whole at its end.
  database.pragma('foreign_keys = OFF');
  // Whatever a damaged or foreign file carries in its schema gets no say: https://www.sqlite.org/security.html
  database.pragma('trusted_schema = OFF');
}

function checkIntegrity(database: Database.Database): void {
  const verdict = database.pragma('quick_check(1)', { simple: true });
  if (verdict !== 'ok') throw new DatabaseError('damaged', database.name, String(verdict));
}

/** A copy of the database as it is, beside it: `<path>.version-<n>`. An older one of the same version gives way. */
function backUp(database: Database.Database, version: number): void {
  const target = `${database.name}.version-${version}`;
  const unfinished = `${target}.new`;
  rmSync(unfinished, { force: true });
  closeSync(openSync(unfinished, 'wx', 0o600));
  database.prepare('VACUUM INTO ?').run(unfinished);
  const file = openSync(unfinished, 'r+');
  fsyncSync(file);
  closeSync(file);
  renameSync(unfinished, target);
}

function openLocked(options: OpenDatabaseOptions, lock: DatabaseLock): OpenDatabase {
  const { path } = options;
  const migrations = readMigrations(options.migrationsFolder);
  const version = peekVersion(path);
  if (version > migrations.length) {
    throw new DatabaseError('newer', path, `version ${version}, known are ${migrations.length}`);
  }
  createPrivateFile(path);
  const database = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    checkHistory(database, migrations, version);
    checkIntegrity(database);
    setUp(database, options.secureDelete);
    if (version > 0 && version < migrations.length) backUp(database, version);
    applyMigrations(database, migrations, version, Date.now());
    database.pragma('foreign_keys = ON');
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    database,
    close(): void {
      database.close();
      lock.release();
    },
  };
}

/**
 * Opens a database for this program alone, checks it, and runs the migrations it lacks, after a copy was made of one
 * that exists. A database that is newer, damaged or in use is left exactly as it is.
 *
 * @throws DatabaseError for everything that is not a fault of the program itself
 */
export function openDatabase(options: OpenDatabaseOptions): OpenDatabase {
  let lock: DatabaseLock | null = null;
  try {
    mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
    lock = lockDatabase(options.path);
    return openLocked(options, lock);
  } catch (error) {
    lock?.release();
    throw toDatabaseError(error, options.path);
  }
}
