-- What a relay remembers. Columns mirror the wire schemas of src/core/wire; every row is checked against them when read.
-- Tables are STRICT: a value of another type is refused when it is written, not found when it is needed.

CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE channel (
  id INTEGER PRIMARY KEY,
  -- Order of creation: members land in the first.
  position INTEGER NOT NULL UNIQUE,
  parent INTEGER REFERENCES channel (id) DEFERRABLE INITIALLY DEFERRED,
  name TEXT NOT NULL,
  -- Argon2id, PHC string format.
  password_hash TEXT,
  bitrate INTEGER NOT NULL,
  frame_samples INTEGER NOT NULL,
  redundancy_copies INTEGER NOT NULL,
  max_members INTEGER NOT NULL,
  listeners INTEGER NOT NULL,
  enter_role INTEGER NOT NULL,
  speak_role INTEGER NOT NULL,
  whisper_role INTEGER NOT NULL,
  manage_role INTEGER NOT NULL,
  history_days INTEGER NOT NULL
) STRICT;

CREATE TABLE role (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  rank INTEGER NOT NULL,
  -- JSON array.
  permissions TEXT NOT NULL
) STRICT;

-- Built-in roles have no row in role, hence no reference.
CREATE TABLE role_assignment (
  identity TEXT PRIMARY KEY,
  role INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX role_assignment_by_role ON role_assignment (role);

-- AUTOINCREMENT remembers the highest id ever used, removed ones included: none is given out twice.
CREATE TABLE ban (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  identity TEXT,
  range TEXT,
  nickname TEXT NOT NULL,
  reason TEXT NOT NULL,
  by TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  until_ms INTEGER,
  CHECK ((identity IS NULL) <> (range IS NULL))
) STRICT;

CREATE TABLE session (
  token INTEGER PRIMARY KEY,
  identity TEXT NOT NULL,
  nickname TEXT NOT NULL,
  resume_hash TEXT NOT NULL,
  -- NULL: spent, as the newest welcome has arrived.
  previous_resume_hash TEXT,
  whisper_key TEXT NOT NULL,
  whisper_key_signature TEXT NOT NULL,
  channel INTEGER REFERENCES channel (id) ON DELETE SET NULL,
  muted INTEGER NOT NULL,
  deafened INTEGER NOT NULL,
  muted_for_all INTEGER NOT NULL,
  chat_taken INTEGER NOT NULL,
  delivered INTEGER NOT NULL,
  held_since_ms INTEGER
) STRICT;

CREATE INDEX session_by_channel ON session (channel);

CREATE TABLE whisper_list (
  token INTEGER NOT NULL REFERENCES session (token) ON DELETE CASCADE,
  list INTEGER NOT NULL,
  -- JSON array of tokens.
  targets TEXT NOT NULL,
  PRIMARY KEY (token, list)
) STRICT, WITHOUT ROWID;

-- Chat, each text once: kept as history of its channel, or only until everybody it was for has it.
CREATE TABLE message (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  from_identity TEXT NOT NULL,
  from_nickname TEXT NOT NULL,
  to_channel INTEGER,
  to_identity TEXT,
  text TEXT NOT NULL,
  sent_ms INTEGER NOT NULL,
  -- 1: history.
  kept INTEGER NOT NULL,
  CHECK ((to_channel IS NULL) <> (to_identity IS NULL))
) STRICT;

CREATE INDEX message_history ON message (to_channel, id) WHERE kept = 1;
CREATE INDEX message_age ON message (to_channel, sent_ms) WHERE kept = 1;

CREATE TABLE delivery (
  token INTEGER NOT NULL REFERENCES session (token) ON DELETE CASCADE,
  delivery INTEGER NOT NULL,
  message INTEGER NOT NULL REFERENCES message (id),
  PRIMARY KEY (token, delivery)
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_by_message ON delivery (message);

-- Whoever got a message last takes it out, unless it is history.
CREATE TRIGGER delivery_done AFTER DELETE ON delivery
BEGIN
  DELETE FROM message
  WHERE id = OLD.message AND kept = 0 AND NOT EXISTS (SELECT 1 FROM delivery WHERE message = OLD.message);
END;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  by TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;
