import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { assert } from '../../../core/base/assert.ts';
import { DatabaseError, toDatabaseError } from './database-error.ts';

/** One numbered SQL file. */
export interface Migration {
  /** 1 and up, without a hole. */
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, hexadecimal, lines ended by a line feed whatever the checkout made of them. */
  readonly sha256: string;
}

const FILE_NAME = /^(\d{4})-([a-z0-9-]+)\.sql$/;

/** Holds one row per migration the database went through. */
const MIGRATION_TABLE = `CREATE TABLE IF NOT EXISTS migration (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  applied_ms INTEGER NOT NULL
) STRICT`;

/**
 * The migrations of a folder, in order. Other files than `NNNN-name.sql` are none.
 *
 * @throws when the folder cannot be read, or its numbers do not count up from 1: the program is put together wrongly
 */
export function readMigrations(folder: string): Migration[] {
  const migrations = readdirSync(folder)
    .map((file) => ({ file, match: FILE_NAME.exec(file) }))
    .filter(({ match }) => match !== null)
    .map(({ file, match }) => {
      const sql = readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n');
      const sha256 = createHash('sha256').update(sql).digest('hex');
      return { number: Number(match?.[1]), name: match?.[2] ?? '', sql, sha256 };
    })
    .sort((one, other) => one.number - other.number);
  assert(migrations.length > 0, 'the folder of migrations holds some');
  for (const [index, migration] of migrations.entries()) {
    assert(migration.number === index + 1, 'migrations count up from 1 without a hole');
  }
  return migrations;
}

/**
 * Compares what the database went through with what we have.
 *
 * @throws DatabaseError `migrationChanged` or `damaged`
 */
export function checkHistory(
  database: Database.Database,
  migrations: readonly Migration[],
  version: number,
): void {
  const path = database.name;
  const known = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migration'");
  if (known.get() === undefined) {
    const tables = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
    if (version === 0 && tables === 0) return;
    throw new DatabaseError('damaged', path, 'it has tables, and no record of migrations');
  }
  const rows = database
    .prepare<[], { number: number; sha256: string }>('SELECT number, sha256 FROM migration ORDER BY number')
    .all();
  if (rows.length !== version) {
    throw new DatabaseError('damaged', path, `version ${version} with ${rows.length} migrations on record`);
  }
  for (const [index, row] of rows.entries()) {
    const migration = migrations[index];
    if (migration === undefined || migration.number !== row.number || migration.sha256 !== row.sha256) {
      throw new DatabaseError('migrationChanged', path, `migration ${row.number} is another one`);
    }
  }
}

/**
 * Runs the migrations above `version` in order, each in one transaction with its row and the new version.
 *
 * @throws DatabaseError `migrationFailed`, the database then being as it was before the migration that failed
 */
export function applyMigrations(
  database: Database.Database,
  migrations: readonly Migration[],
  version: number,
  nowMs: number,
): void {
  for (const migration of migrations.slice(version)) {
    const apply = database.transaction(() => {
      database.exec(MIGRATION_TABLE);
      database.exec(migration.sql);
      assert(database.inTransaction, 'a migration does not end its transaction');
      const orphans = database.pragma('foreign_key_check');
      assert(Array.isArray(orphans) && orphans.length === 0, 'a migration leaves no row without its parent');
      database
        .prepare('INSERT INTO migration (number, name, sha256, applied_ms) VALUES (?, ?, ?, ?)')
        .run(migration.number, migration.name, migration.sha256, nowMs);
      database.pragma(`user_version = ${migration.number}`);
    });
    try {
      apply.immediate();
    } catch (error) {
      throw migrationError(error, migration, database.name);
    }
  }
}

/** A full disk is a full disk; all else that goes wrong in a migration is the migration's. */
function migrationError(error: unknown, migration: Migration, path: string): unknown {
  const detail = `migration ${migration.number}: ${error instanceof Error ? error.message : String(error)}`;
  const ofSqlite = error instanceof Database.SqliteError;
  if (ofSqlite && /^SQLITE_(FULL|IOERR|READONLY|CORRUPT)/.test(error.code))
    return toDatabaseError(error, path);
  return new DatabaseError('migrationFailed', path, detail);
}
