-- What a client remembers. Rows are checked against schemas when read; STRICT tables refuse other types when written.

-- One row per setting; the value is JSON.
CREATE TABLE setting (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Certificates of relays by `host:port`, SHA-256 in base64url: trust on first use.
CREATE TABLE known_relay (
  host_port TEXT PRIMARY KEY,
  sha256 TEXT NOT NULL,
  first_seen_ms INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX known_relay_by_age ON known_relay (last_seen_ms);

-- What was decided about somebody: by the SHA-256 of the relay's certificate and the person's public key, base64url.
CREATE TABLE person (
  server TEXT NOT NULL,
  identity TEXT NOT NULL,
  nickname TEXT NOT NULL,
  volume REAL NOT NULL,
  muted_here INTEGER NOT NULL,
  verified INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL,
  PRIMARY KEY (server, identity)
) STRICT;

CREATE INDEX person_by_age ON person (verified, changed_ms);

-- Whatever must not be readable in this file, sealed by the box of that kind.
CREATE TABLE secret (
  name TEXT PRIMARY KEY,
  box TEXT NOT NULL,
  sealed BLOB NOT NULL
) STRICT;

CREATE TABLE bookmark (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  address TEXT NOT NULL,
  port INTEGER NOT NULL,
  nickname TEXT NOT NULL,
  certificate_sha256 TEXT
) STRICT;

-- The password of a bookmark is the secret `bookmark.<id>`.
CREATE TRIGGER bookmark_removed AFTER DELETE ON bookmark
BEGIN
  DELETE FROM secret WHERE name = 'bookmark.' || OLD.id;
END;
