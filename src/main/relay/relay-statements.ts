import type Database from 'better-sqlite3';
import type { Row } from './relay-rows.ts';

/** Every statement of the relay's database, prepared once. `$name` is filled from an object's field of that name. */
export function prepareStatements(database: Database.Database) {
  const write = (sql: string): Database.Statement<unknown[]> => database.prepare<unknown[]>(sql);
  const read = (sql: string): Database.Statement<unknown[], Row> => database.prepare<unknown[], Row>(sql);
  return {
    getMeta: read('SELECT value FROM meta WHERE name = ?'),
    setMeta: write(
      'INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    ),
    raiseMeta: write(`INSERT INTO meta (name, value) VALUES (?, ?)
      ON CONFLICT (name) DO UPDATE SET value = max(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER))`),
    lastIds: read(
      "SELECT name, seq FROM sqlite_sequence WHERE name IN ('message', 'ban') AND typeof(seq) = 'integer'",
    ),

    // An update leaves the position alone.
    saveChannel:
      write(`INSERT INTO channel (id, position, parent, name, password_hash, bitrate, frame_samples,
        redundancy_copies, max_members, listeners, enter_role, speak_role, whisper_role, manage_role, history_days)
      VALUES ($id, (SELECT coalesce(max(position), 0) + 1 FROM channel), $parent, $name, $passwordHash, $bitrate,
        $frameSamples, $redundancyCopies, $maxMembers, $listeners, $enterRole, $speakRole, $whisperRole,
        $manageRole, $historyDays)
      ON CONFLICT (id) DO UPDATE SET parent = excluded.parent, name = excluded.name,
        password_hash = excluded.password_hash, bitrate = excluded.bitrate, frame_samples = excluded.frame_samples,
        redundancy_copies = excluded.redundancy_copies, max_members = excluded.max_members,
        listeners = excluded.listeners, enter_role = excluded.enter_role, speak_role = excluded.speak_role,
        whisper_role = excluded.whisper_role, manage_role = excluded.manage_role,
        history_days = excluded.history_days`),
    removeChannel: write('DELETE FROM channel WHERE id = ?'),
    channels: read('SELECT * FROM channel ORDER BY position'),

    saveRole: write(`INSERT INTO role (id, name, rank, permissions) VALUES ($id, $name, $rank, $permissions)
      ON CONFLICT (id) DO UPDATE SET name = excluded.name, rank = excluded.rank, permissions = excluded.permissions`),
    removeRole: write('DELETE FROM role WHERE id = ?'),
    roles: read('SELECT * FROM role ORDER BY id'),

    assignRole: write(`INSERT INTO role_assignment (identity, role) VALUES (?, ?)
      ON CONFLICT (identity) DO UPDATE SET role = excluded.role`),
    unassignRole: write('DELETE FROM role_assignment WHERE identity = ?'),
    unassignEverybody: write('DELETE FROM role_assignment WHERE role = ?'),
    assignments: read('SELECT identity, role FROM role_assignment'),

    saveBan: write(`INSERT INTO ban (id, identity, range, nickname, reason, by, created_ms, until_ms)
      VALUES ($id, $identity, $range, $nickname, $reason, $by, $createdMs, $untilMs)
      ON CONFLICT (id) DO UPDATE SET identity = excluded.identity, range = excluded.range,
        nickname = excluded.nickname, reason = excluded.reason, by = excluded.by,
        created_ms = excluded.created_ms, until_ms = excluded.until_ms`),
    removeBan: write('DELETE FROM ban WHERE id = ?'),
    bans: read('SELECT * FROM ban ORDER BY id'),

    // Not REPLACE: that would delete the row, and with it what waits for the session.
    saveSession:
      write(`INSERT INTO session (token, identity, nickname, resume_hash, previous_resume_hash, whisper_key,
        whisper_key_signature, channel, muted, deafened, muted_for_all, chat_taken, delivered, held_since_ms)
      VALUES ($token, $identity, $nickname, $resumeHash, $previousResumeHash, $whisperKey, $whisperKeySignature,
        $channel, $muted, $deafened, $mutedForAll, $chatTaken, $delivered, $heldSinceMs)
      ON CONFLICT (token) DO UPDATE SET identity = excluded.identity, nickname = excluded.nickname,
        resume_hash = excluded.resume_hash, previous_resume_hash = excluded.previous_resume_hash,
        whisper_key = excluded.whisper_key, whisper_key_signature = excluded.whisper_key_signature,
        channel = excluded.channel, muted = excluded.muted, deafened = excluded.deafened,
        muted_for_all = excluded.muted_for_all, chat_taken = excluded.chat_taken, delivered = excluded.delivered,
        held_since_ms = excluded.held_since_ms`),
    removeSession: write('DELETE FROM session WHERE token = ?'),
    sessions: read('SELECT * FROM session ORDER BY token'),
    saveWhisperList: write('INSERT INTO whisper_list (token, list, targets) VALUES (?, ?, ?)'),
    removeWhisperLists: write('DELETE FROM whisper_list WHERE token = ?'),
    whisperLists: read('SELECT token, list, targets FROM whisper_list ORDER BY token, list'),

    // Of a message known already only this may change: that it is history.
    saveMessage:
      write(`INSERT INTO message (id, from_identity, from_nickname, to_channel, to_identity, text, sent_ms, kept)
      VALUES ($id, $fromIdentity, $fromNickname, $toChannel, $toIdentity, $text, $sentMs, $kept)
      ON CONFLICT (id) DO UPDATE SET kept = max(kept, excluded.kept)`),
    saveDelivery: write('INSERT INTO delivery (token, delivery, message) VALUES (?, ?, ?)'),
    removeDeliveries: write('DELETE FROM delivery WHERE token = ? AND delivery <= ?'),
    deliveries: read(`SELECT delivery.token, delivery.delivery, message.*
      FROM delivery JOIN message ON message.id = delivery.message
      ORDER BY delivery.token, delivery.delivery`),
    history: read(
      `SELECT * FROM message WHERE to_channel = ? AND kept = 1 AND id < ? ORDER BY id DESC LIMIT ?`,
    ),
    // What somebody has not got yet stays until then, but is no history any more.
    releaseHistory: write(`UPDATE message SET kept = 0 WHERE to_channel = ? AND kept = 1 AND sent_ms < ?
      AND EXISTS (SELECT 1 FROM delivery WHERE message = message.id)`),
    expireHistory: write('DELETE FROM message WHERE to_channel = ? AND kept = 1 AND sent_ms < ?'),

    audit: write(
      'INSERT INTO audit (at_ms, by, action, subject, reason) VALUES ($atMs, $by, $action, $subject, $reason)',
    ),
    auditLines: read('SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?'),
    trimAudit: write('DELETE FROM audit WHERE id <= ?'),
  };
}

export type RelayStatements = ReturnType<typeof prepareStatements>;
