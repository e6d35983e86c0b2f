-- Who may administrate a relay over HTTP. The room itself lies in relay.db.

CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: the id of an account that was removed is never given out again, so no token of it comes to life.
CREATE TABLE account (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  -- The name as names are compared.
  folded TEXT NOT NULL UNIQUE,
  -- Argon2id, PHC string format.
  password_hash TEXT NOT NULL,
  -- A role of the room.
  role INTEGER NOT NULL,
  -- Tokens of an earlier epoch are void.
  epoch INTEGER NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;

-- Logins that were ended before their tokens expire. Account 0 is the host of this start.
CREATE TABLE ended_login (
  login TEXT PRIMARY KEY,
  account INTEGER NOT NULL,
  until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX ended_login_by_account ON ended_login (account);
