import { writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';

/** How long a program that is just closing may take to let go, in ms. The caller stands still meanwhile. */
const LOCK_WAIT_MS = 500;

/** A lock whose object nobody keeps must not be given up by the garbage collector, which closes databases. */
const held = new Set<Database.Database>();

/** Holds a database for this program alone. */
export interface DatabaseLock {
  release(): void;
}

/**
 * Takes `<path>.lock` for as long as this process lives or until it is released.
 *
 * The file is an empty database in an exclusive transaction: SQLite's lock belongs to the process on every system,
 * so it goes when the process is killed, and no stale lock keeps anybody out. It is a file of its own because SQLite's
 * lock on the database itself would forbid even looking at its version.
 *
 * @throws SqliteError of code SQLITE_BUSY when another program, or another thread of this one, holds it
 */
export function lockDatabase(path: string): DatabaseLock {
  const lockPath = `${path}.lock`;
  try {
    writeFileSync(lockPath, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    // It stays from one run to the next: only who holds it counts.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const database = new Database(lockPath, { timeout: LOCK_WAIT_MS });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    throw error;
  }
  held.add(database);
  return {
    release(): void {
      held.delete(database);
      database.close();
    },
  };
}
