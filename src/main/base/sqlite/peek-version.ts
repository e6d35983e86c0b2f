import { closeSync, constants, copyFileSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { DatabaseError } from './database-error.ts';

/** The database header, https://www.sqlite.org/fileformat2.html#the_database_header */
const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';
const USER_VERSION_OFFSET = 60;

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function readHeader(path: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  const file = openSync(path, 'r');
  try {
    const read = readSync(file, header, 0, HEADER_BYTES, 0);
    return header.subarray(0, read);
  } finally {
    closeSync(file);
  }
}

/**
 * The version of a database, found without touching it: opening it with SQLite would leave a WAL file, if not replay
 * one. 0: absent or empty. The caller holds the database's lock.
 *
 * A program that was killed leaves a WAL whose content counts more than the file's; then a copy is asked, and removed.
 *
 * @throws DatabaseError `damaged` when the file is no database; errors of the file system and of SQLite
 */
export function peekVersion(path: string): number {
  if (sizeOf(path) === 0) return 0;
  const header = readHeader(path);
  if (header.length < HEADER_BYTES || header.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw new DatabaseError('damaged', path, 'it does not begin like a database');
  }
  if (sizeOf(`${path}-wal`) === 0) return header.readUInt32BE(USER_VERSION_OFFSET);
  const copy = `${path}.look`;
  try {
    // Copies share their blocks with the original where the file system can do that.
    copyFileSync(path, copy, constants.COPYFILE_FICLONE);
    copyFileSync(`${path}-wal`, `${copy}-wal`, constants.COPYFILE_FICLONE);
    const database = new Database(copy, { fileMustExist: true });
    try {
      return Number(database.pragma('user_version', { simple: true }));
    } finally {
      database.close();
    }
  } finally {
    for (const ending of ['', '-wal', '-shm']) rmSync(`${copy}${ending}`, { force: true });
  }
}
