-- How channels may be listened to from outside. Whether one may is the channel's `listeners` switch, in relay.db.

CREATE TABLE channel (
  -- The room's id of it.
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  access TEXT NOT NULL,
  -- 128 bits, base64url: whoever has it may listen.
  link_key TEXT NOT NULL,
  -- Of "listener:Sidetone:<password>", hexadecimal (RFC 7616, section 3.4.2): worth as much as the password.
  password_md5 TEXT,
  password_sha256 TEXT,
  -- 128 bits, base64url: whoever has it may publish. NULL: nobody.
  publish_key TEXT,
  talk INTEGER NOT NULL,
  max_listeners INTEGER NOT NULL
) STRICT;
