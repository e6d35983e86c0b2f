import { z } from 'zod';
import { channelConfigSchema, channelSchema, MAX_CHANNELS } from './channels.ts';
import { chatMessageSchema, chatTargetSchema, chatTextSchema, MAX_HISTORY_PAGE } from './chat.ts';
import {
  bytesSchema,
  identitySchema,
  MAX_PASSWORD_LENGTH,
  nicknameSchema,
  reasonSchema,
  roomNameSchema,
  signatureSchema,
  u32Schema,
  wallTimeMsSchema,
} from './fields.ts';
import { heardMessageSchema, hearingMessageSchema } from './hearing.ts';
import {
  commitMessageSchema,
  committedMessageSchema,
  commitWantedMessageSchema,
  groupWelcomeMessageSchema,
  keyPackageMessageSchema,
  keyPackageWantedMessageSchema,
  whisperKeyFromMessageSchema,
  whisperKeyMessageSchema,
  whisperPublicKeySchema,
} from './key-delivery.ts';
import { refusalCodeSchema } from './refusal.ts';
import { MAX_RANK, MAX_ROLES, permissionSchema, roleSchema } from './roles.ts';
import { ruleSchema } from './rule.ts';

/** Protocol version spoken on the control lane and in the datagrams. */
export const PROTOCOL_VERSION = 4;

/** TCP and UDP port of a relay unless the invite says otherwise. */
export const DEFAULT_PORT = 48480;

/** Longest message of a client but for `commit`, in UTF-16 units: far above the longest request, far below a memory risk. */
export const MAX_CONTROL_LENGTH = 65_536;

/** Longest message of a lane, in bytes: a commit and its welcome at their limits, in base64url; the welcome into the largest room fits too. */
export const MAX_LANE_MESSAGE_BYTES = 196_608;

/** Whisper lists one session may register; a keyboard has no more keys to spare for them. */
export const MAX_WHISPER_LISTS = 16;

/** Members of one whisper list: beyond that it is a channel. */
export const MAX_WHISPER_TARGETS = 32;

/** Members in one message: with all channels and roles, and every name in three-byte characters, a welcome fits. */
export const MAX_MEMBERS_PAGE = 200;

/** Changes in one message: with ordinary names they fit a TLS record (RFC 8446, section 5.1: 16 KB). */
export const MAX_NEWS = 40;

/** Bans a relay keeps; each is compared with whoever connects. */
export const MAX_BANS = 1_000;

/** Bans in one answer: fit a control message with the longest reasons. */
export const MAX_BANS_PAGE = 50;

/** What a member's voice takes: UDP, or the control lane where UDP does not get through. */
export const voicePathSchema = z.enum(['udp', 'lane']);
export type VoicePath = z.infer<typeof voicePathSchema>;

export const memberSchema = z.strictObject({
  token: u32Schema,
  identity: identitySchema,
  nickname: nicknameSchema,
  channel: u32Schema.nullable(),
  role: u32Schema,
  muted: z.boolean(),
  deafened: z.boolean(),
  /** A moderator muted this member for everybody. */
  mutedForAll: z.boolean(),
  /** The connection is lost and the place is held. */
  reconnecting: z.boolean(),
  whisperKey: whisperPublicKeySchema,
});
export type MemberInfo = z.infer<typeof memberSchema>;

/** What a ban is laid on: an identity, or an address range in CIDR notation. */
export const banSubjectSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('identity'), identity: identitySchema }),
  z.strictObject({ kind: z.literal('range'), range: z.string().min(3).max(64) }),
  /** Client to relay only: the address the member is connected from, which clients are not told. */
  z.strictObject({ kind: z.literal('addressOf'), member: u32Schema }),
]);
export type BanSubject = z.infer<typeof banSubjectSchema>;

export const banSchema = z.strictObject({
  id: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  subject: banSubjectSchema,
  /** Nickname at the time, empty for a range. */
  nickname: z.union([z.literal(''), nicknameSchema]),
  reason: reasonSchema,
  by: nicknameSchema,
  createdMs: wallTimeMsSchema,
  /** Null: for good. */
  untilMs: wallTimeMsSchema.nullable(),
});
export type Ban = z.infer<typeof banSchema>;

const password = z.string().min(1).max(MAX_PASSWORD_LENGTH);

/** Longest ban with an end, in seconds: ten years. */
export const MAX_BAN_SECONDS = 315_360_000;

/**
 * What may be asked of the relay about members, channels, roles and bans. Each asks inside a `request`, and is
 * answered by `done` or by `refused` of the same number; what it changed is told to everybody besides.
 */
export const requestSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('join'), channel: u32Schema, password: password.optional() }),
  z.strictObject({ kind: z.literal('move'), member: u32Schema, channel: u32Schema }),
  z.strictObject({ kind: z.literal('muteForAll'), member: u32Schema, muted: z.boolean() }),
  z.strictObject({ kind: z.literal('kick'), member: u32Schema, reason: reasonSchema }),
  z.strictObject({
    kind: z.literal('ban'),
    subject: banSubjectSchema,
    reason: reasonSchema,
    seconds: z.number().int().min(1).max(MAX_BAN_SECONDS).nullable(),
  }),
  z.strictObject({ kind: z.literal('unban'), ban: z.number().int() }),
  /** Answered by `bans` messages before `done`. */
  z.strictObject({ kind: z.literal('listBans') }),
  z.strictObject({
    kind: z.literal('createChannel'),
    name: roomNameSchema,
    parent: u32Schema.nullable(),
    config: channelConfigSchema,
    password: password.nullable(),
  }),
  z.strictObject({
    kind: z.literal('changeChannel'),
    channel: u32Schema,
    name: roomNameSchema,
    config: channelConfigSchema,
    /** Left out: as it is. Null: no password. */
    password: password.nullable().optional(),
  }),
  z.strictObject({ kind: z.literal('removeChannel'), channel: u32Schema }),
  /** `role` null: a new one. */
  z.strictObject({
    kind: z.literal('saveRole'),
    role: u32Schema.nullable(),
    name: roomNameSchema,
    rank: z.number().int().min(0).max(MAX_RANK),
    permissions: z.array(permissionSchema).max(permissionSchema.options.length),
  }),
  z.strictObject({ kind: z.literal('removeRole'), role: u32Schema }),
  z.strictObject({ kind: z.literal('assignRole'), identity: identitySchema, role: u32Schema }),
  /** Answered by `history` before `done`. `before`: older than that message. */
  z.strictObject({
    kind: z.literal('history'),
    channel: u32Schema,
    before: z.number().int().min(1).nullable(),
  }),
  /** Registers a whisper list under an id with WHISPER_LIST_BIT set; no targets: forgets it. */
  z.strictObject({
    kind: z.literal('whisperList'),
    list: u32Schema,
    targets: z.array(u32Schema).max(MAX_WHISPER_TARGETS),
  }),
]);
export type Request = z.infer<typeof requestSchema>;

/** Client to relay. */
export const clientMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('hello'),
    protocol: z.number().int().min(0).max(0xffff),
    nickname: z.string().max(1_024),
    identity: identitySchema,
    /** Password of the channel where members land, if it has one. */
    password: password.optional(),
    /** To go on with a session: its token, the secret of its last welcome, and what came in over the old lane. */
    resume: z
      .strictObject({
        token: u32Schema,
        secret: bytesSchema(32),
        chatSeen: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
      })
      .optional(),
  }),
  /** Answer to `challenge`: proves the identity on this very TLS connection (see docs/protocol.md). */
  z.strictObject({
    type: z.literal('login'),
    signature: signatureSchema,
    whisperKey: whisperPublicKeySchema,
  }),
  z.strictObject({ type: z.literal('leave') }),
  z.strictObject({ type: z.literal('state'), muted: z.boolean(), deafened: z.boolean() }),
  z.strictObject({ type: z.literal('voicePath'), path: voicePathSchema }),
  /** `id` counts up from 1 within a session, over resumes; the relay takes each number once. */
  z.strictObject({
    type: z.literal('chat'),
    id: u32Schema,
    to: chatTargetSchema,
    text: chatTextSchema,
  }),
  /** Everything up to this delivery has arrived. */
  z.strictObject({ type: z.literal('chatSeen'), seen: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER) }),
  z.strictObject({ type: z.literal('request'), id: u32Schema, request: requestSchema }),
  keyPackageMessageSchema,
  commitMessageSchema,
  whisperKeyMessageSchema,
  hearingMessageSchema,
  /** Asks for the next page of a member list that did not fit the welcome: tokens above `after`. */
  z.strictObject({ type: z.literal('listMembers'), after: u32Schema }),
  z.strictObject({ type: z.literal('ping'), id: u32Schema }),
  z.strictObject({ type: z.literal('bye') }),
]);
export type ClientMessage = z.infer<typeof clientMessageSchema>;

const memberNews = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('memberJoined'), member: memberSchema }),
  z.strictObject({ type: z.literal('memberLeft'), token: u32Schema }),
  z.strictObject({ type: z.literal('memberChanged'), member: memberSchema }),
]);
export type MemberNews = z.infer<typeof memberNews>;

/** Relay to client. */
export const relayMessageSchema = z.discriminatedUnion('type', [
  /** 32 random bytes to sign together with the TLS exporter. */
  z.strictObject({ type: z.literal('challenge'), nonce: bytesSchema(32) }),
  z.strictObject({
    type: z.literal('welcome'),
    token: u32Schema,
    /** The key of the path probes. */
    pathKey: bytesSchema(32),
    /** Resumes this session once, within two minutes after the lane broke. */
    resumeSecret: bytesSchema(32),
    /** The session goes on; otherwise it is a new one, whatever was asked for. */
    resumed: z.boolean(),
    roomName: roomNameSchema,
    channels: z.array(channelSchema).max(MAX_CHANNELS),
    /** Oneself and those in the same channel first. */
    members: z.array(memberSchema).max(MAX_MEMBERS_PAGE),
    /** Nobody is missing; otherwise `listMembers` brings the others. */
    membersComplete: z.boolean(),
    roles: z.array(roleSchema).max(MAX_ROLES),
    /** The newest chat of ours that the relay has taken. */
    chatTaken: u32Schema,
    /** Deliveries begin behind this number. */
    chatSeen: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  }),
  /** Answer to `listMembers`, by rising token. */
  z.strictObject({
    type: z.literal('members'),
    members: z.array(memberSchema).max(MAX_MEMBERS_PAGE),
    complete: z.boolean(),
  }),
  ...memberNews.options,
  /** Changes of a large room, gathered for a moment; in the order in which they happened. */
  z.strictObject({ type: z.literal('news'), news: z.array(memberNews).min(1).max(MAX_NEWS) }),
  z.strictObject({ type: z.literal('channelChanged'), channel: channelSchema }),
  z.strictObject({ type: z.literal('channelRemoved'), channel: u32Schema }),
  z.strictObject({ type: z.literal('roles'), roles: z.array(roleSchema).max(MAX_ROLES) }),
  z.strictObject({
    type: z.literal('bans'),
    bans: z.array(banSchema).max(MAX_BANS_PAGE),
  }),
  /** One delivery to this session, numbered from `chatSeen` of the welcome upwards without a hole. */
  z.strictObject({
    type: z.literal('chat'),
    delivery: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
    message: chatMessageSchema,
  }),
  /** The relay keeps our chat `id`; the message got the number `message`. */
  z.strictObject({
    type: z.literal('chatTaken'),
    id: u32Schema,
    message: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
    sentMs: wallTimeMsSchema,
  }),
  z.strictObject({
    type: z.literal('history'),
    channel: u32Schema,
    /** Oldest first. */
    messages: z.array(chatMessageSchema).max(MAX_HISTORY_PAGE),
    /** There is nothing older. */
    complete: z.boolean(),
  }),
  commitWantedMessageSchema,
  committedMessageSchema,
  groupWelcomeMessageSchema,
  keyPackageWantedMessageSchema,
  whisperKeyFromMessageSchema,
  heardMessageSchema,
  z.strictObject({ type: z.literal('done'), id: u32Schema }),
  z.strictObject({
    type: z.literal('refused'),
    code: refusalCodeSchema,
    /** The rule that said no, where one did. */
    rule: ruleSchema.nullable(),
    /** The request or the chat that it answers; null: the lane as a whole. */
    request: u32Schema.nullable(),
    chat: u32Schema.nullable(),
  }),
  z.strictObject({ type: z.literal('pong'), id: u32Schema }),
]);
export type RelayMessage = z.infer<typeof relayMessageSchema>;
