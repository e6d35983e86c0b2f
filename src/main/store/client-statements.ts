import type Database from 'better-sqlite3';

/** A row as SQLite hands it out: nothing is believed of it. */
export type Row = Readonly<Record<string, unknown>>;

/** Every statement of the client's database, prepared once. `$name` is filled from an object's field of that name. */
export function prepareStatements(database: Database.Database) {
  const write = (sql: string): Database.Statement<unknown[]> => database.prepare<unknown[]>(sql);
  const read = (sql: string): Database.Statement<unknown[], Row> => database.prepare<unknown[], Row>(sql);
  return {
    saveSetting: write(
      'INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    ),
    settings: read('SELECT key, value FROM setting'),

    // Another certificate is another acquaintance.
    rememberRelay: write(`INSERT INTO known_relay (host_port, sha256, first_seen_ms, last_seen_ms)
      VALUES ($hostPort, $sha256, $nowMs, $nowMs)
      ON CONFLICT (host_port) DO UPDATE SET sha256 = excluded.sha256, last_seen_ms = excluded.last_seen_ms,
        first_seen_ms = CASE sha256 WHEN excluded.sha256 THEN first_seen_ms ELSE excluded.first_seen_ms END`),
    trimRelays: write(`DELETE FROM known_relay WHERE host_port IN
      (SELECT host_port FROM known_relay ORDER BY last_seen_ms DESC, rowid DESC LIMIT -1 OFFSET ?)`),
    relay: read('SELECT sha256 FROM known_relay WHERE host_port = ?'),

    savePerson:
      write(`INSERT INTO person (server, identity, nickname, volume, muted_here, verified, changed_ms)
      VALUES ($server, $identity, $nickname, $volume, $mutedHere, $verified, $nowMs)
      ON CONFLICT (server, identity) DO UPDATE SET nickname = excluded.nickname, volume = excluded.volume,
        muted_here = excluded.muted_here, verified = excluded.verified, changed_ms = excluded.changed_ms`),
    trimPeople: write(`DELETE FROM person WHERE rowid IN
      (SELECT rowid FROM person ORDER BY verified DESC, changed_ms DESC, rowid DESC LIMIT -1 OFFSET ?)`),
    person: read(
      'SELECT nickname, volume, muted_here, verified FROM person WHERE server = ? AND identity = ?',
    ),

    addBookmark: write(`INSERT INTO bookmark (name, address, port, nickname, certificate_sha256)
      VALUES ($name, $address, $port, $nickname, $certificateSha256)`),
    changeBookmark: write(`UPDATE bookmark SET name = $name, address = $address, port = $port,
      nickname = $nickname, certificate_sha256 = $certificateSha256 WHERE id = $id`),
    removeBookmark: write('DELETE FROM bookmark WHERE id = ?'),
    bookmarks: read(`SELECT bookmark.*, secret.name IS NOT NULL AS has_password FROM bookmark
      LEFT JOIN secret ON secret.name = 'bookmark.' || bookmark.id ORDER BY id`),
  };
}

export type ClientStatements = ReturnType<typeof prepareStatements>;
