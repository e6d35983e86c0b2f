import { z } from 'zod';
import type { AuditRow } from '../../core/relay/admin-port.ts';
import type {
  RoomConfig,
  StoredChannel,
  StoredDelivery,
  StoredSession,
  StoredWhisperList,
} from '../../core/relay/relay-store.ts';
import { channelSchema, MAX_ROOM_MEMBERS } from '../../core/wire/channels.ts';
import { type ChatMessage, chatMessageSchema } from '../../core/wire/chat.ts';
import { type Ban, banSchema, MAX_WHISPER_TARGETS } from '../../core/wire/control.ts';
import {
  bytesSchema,
  identitySchema,
  nicknameSchema,
  roomNameSchema,
  u32Schema,
  wallTimeMsSchema,
} from '../../core/wire/fields.ts';
import { whisperPublicKeySchema } from '../../core/wire/key-delivery.ts';
import { type Role, roleSchema } from '../../core/wire/roles.ts';

/** A row as SQLite hands it out: nothing is believed of it. */
export type Row = Readonly<Record<string, unknown>>;

/** A row, read, or null when it is not what it should be. */
type Reading<T> = T | null;

const flag = z.union([z.literal(0), z.literal(1)]).transform((value) => value === 1);

/** JSON in a text column; undefined, which no schema takes, when it is none. */
function parseJson(text: unknown): unknown {
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const configSchema = z.strictObject({
  name: roomNameSchema,
  maxMembers: z.number().int().min(1).max(MAX_ROOM_MEMBERS),
});

/** `value` is JSON. */
export function readConfig(row: Row): Reading<RoomConfig> {
  const config = configSchema.safeParse(parseJson(row.value));
  return config.success ? config.data : null;
}

/** Argon2id in PHC string format. */
const passwordHashSchema = z.string().max(256).startsWith('$argon2id$').nullable();

export function readChannel(row: Row): Reading<StoredChannel> {
  const passwordHash = passwordHashSchema.safeParse(row.password_hash);
  const listeners = flag.safeParse(row.listeners);
  const info = channelSchema.safeParse({
    id: row.id,
    parent: row.parent,
    name: row.name,
    locked: row.password_hash !== null,
    config: {
      bitrate: row.bitrate,
      frameSamples: row.frame_samples,
      redundancyCopies: row.redundancy_copies,
      maxMembers: row.max_members,
      listeners: listeners.data,
      enterRole: row.enter_role,
      speakRole: row.speak_role,
      whisperRole: row.whisper_role,
      manageRole: row.manage_role,
      historyDays: row.history_days,
    },
  });
  if (!info.success || !passwordHash.success) return null;
  return { info: info.data, passwordHash: passwordHash.data };
}

export function readRole(row: Row): Reading<Role> {
  const role = roleSchema.safeParse({ ...row, permissions: parseJson(row.permissions) });
  return role.success ? role.data : null;
}

const assignmentSchema = z.strictObject({ identity: identitySchema, role: u32Schema });

export function readAssignment(row: Row): Reading<{ identity: string; role: number }> {
  const assignment = assignmentSchema.safeParse(row);
  return assignment.success ? assignment.data : null;
}

export function readBan(row: Row): Reading<Ban> {
  const subject =
    row.identity === null
      ? { kind: 'range', range: row.range }
      : { kind: 'identity', identity: row.identity };
  const ban = banSchema.safeParse({
    id: row.id,
    subject,
    nickname: row.nickname,
    reason: row.reason,
    by: row.by,
    createdMs: row.created_ms,
    untilMs: row.until_ms,
  });
  return ban.success ? ban.data : null;
}

const whisperListSchema = z.strictObject({
  list: u32Schema,
  targets: z.array(u32Schema).max(MAX_WHISPER_TARGETS),
});

export function readWhisperList(row: Row): Reading<StoredWhisperList> {
  const list = whisperListSchema.safeParse({ list: row.list, targets: parseJson(row.targets) });
  return list.success ? list.data : null;
}

const countSchema = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const sessionSchema = z.object({
  token: u32Schema,
  identity: identitySchema,
  nickname: nicknameSchema,
  resumeHash: bytesSchema(32),
  previousResumeHash: bytesSchema(32).nullable(),
  whisperKey: whisperPublicKeySchema,
  channel: u32Schema.nullable(),
  muted: flag,
  deafened: flag,
  mutedForAll: flag,
  chatTaken: u32Schema,
  delivered: countSchema,
  heldSinceMs: wallTimeMsSchema.nullable(),
});

export function readSession(row: Row, whisperLists: readonly StoredWhisperList[]): Reading<StoredSession> {
  const session = sessionSchema.safeParse({
    ...row,
    resumeHash: row.resume_hash,
    previousResumeHash: row.previous_resume_hash,
    whisperKey: { key: row.whisper_key, signature: row.whisper_key_signature },
    mutedForAll: row.muted_for_all,
    chatTaken: row.chat_taken,
    heldSinceMs: row.held_since_ms,
  });
  return session.success ? { ...session.data, whisperLists } : null;
}

export function readMessage(row: Row): Reading<ChatMessage> {
  const message = chatMessageSchema.safeParse({
    id: row.id,
    from: { identity: row.from_identity, nickname: row.from_nickname },
    to:
      row.to_identity === null
        ? { kind: 'channel', channel: row.to_channel }
        : { kind: 'member', identity: row.to_identity },
    text: row.text,
    sentMs: row.sent_ms,
  });
  return message.success ? message.data : null;
}

const auditSchema = z.object({
  id: countSchema,
  atMs: countSchema,
  by: z.string(),
  action: z.string(),
  subject: z.string(),
  reason: z.string(),
});

export function readAuditRow(row: Row): Reading<AuditRow> {
  const line = auditSchema.safeParse({ ...row, atMs: row.at_ms });
  return line.success ? line.data : null;
}

const deliverySchema = z.object({ token: u32Schema, delivery: countSchema.min(1) });

/** A delivery with the columns of its message. */
export function readDelivery(row: Row): Reading<StoredDelivery> {
  const head = deliverySchema.safeParse(row);
  const message = readMessage(row);
  return head.success && message !== null ? { ...head.data, message } : null;
}
