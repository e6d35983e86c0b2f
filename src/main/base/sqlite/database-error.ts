import Database from 'better-sqlite3';
import { assertNever } from '../../../core/base/assert.ts';

/**
 * Why a database cannot be used.
 * `newer`: a later version of the program wrote it. `damaged`: the file is no database, not ours, or fails its check.
 * `locked`: another program has it open. `migrationChanged`: a migration it went through is not the one we have.
 * `migrationFailed`: a migration stumbled over its content. `disk`: the file system refuses.
 */
export type DatabaseFailure =
  | 'newer'
  | 'damaged'
  | 'locked'
  | 'migrationChanged'
  | 'migrationFailed'
  | 'disk';

function sentence(failure: DatabaseFailure, path: string): string {
  switch (failure) {
    case 'newer':
      return `${path} was written by a newer version of Sidetone. Update Sidetone to open it; nothing was changed in it.`;
    case 'damaged':
      return `${path} is damaged or is no database of Sidetone. It was left as it is: put a backup in its place, or move it away to begin anew.`;
    case 'locked':
      return `${path} is in use by another Sidetone on this data folder. Close that one first.`;
    case 'migrationChanged':
      return `${path} was set up by another build of Sidetone than this one, so it was left as it is. Use that build.`;
    case 'migrationFailed':
      return `${path} could not be brought up to this version of Sidetone. It is as it was; a copy lies beside it.`;
    case 'disk':
      return `${path} could not be opened or written: the disk refuses. See whether it is full, and whether the folder is yours.`;
    default:
      return assertNever(failure);
  }
}

/** A database that cannot be used. The message is a sentence for people and names the file. */
export class DatabaseError extends Error {
  readonly failure: DatabaseFailure;
  /** What the system said, for whoever looks into it. */
  readonly detail: string;

  constructor(failure: DatabaseFailure, path: string, detail: string) {
    super(sentence(failure, path));
    this.failure = failure;
    this.detail = detail;
  }
}

/**
 * Reads the cause out of an error of SQLite or of the file system, which both carry a code. Any other error is a fault
 * of the program and comes back as it is.
 */
export function toDatabaseError(error: unknown, path: string): unknown {
  if (error instanceof DatabaseError || !(error instanceof Error) || !('code' in error)) return error;
  const code = error instanceof Database.SqliteError ? error.code : '';
  // Extended codes begin with the primary one, https://www.sqlite.org/rescode.html
  if (/^SQLITE_(CORRUPT|NOTADB|FORMAT)/.test(code)) return new DatabaseError('damaged', path, error.message);
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return new DatabaseError('locked', path, error.message);
  return new DatabaseError('disk', path, error.message);
}
