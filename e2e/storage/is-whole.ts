import Database from 'better-sqlite3';

/** The full check of a database, as SQLite does it, behind the back of our own code. */
export function isWhole(path: string): boolean {
  const database = new Database(path);
  try {
    const orphans = database.pragma('foreign_key_check');
    return (
      database.pragma('integrity_check', { simple: true }) === 'ok' &&
      Array.isArray(orphans) &&
      orphans.length === 0
    );
  } finally {
    database.close();
  }
}
