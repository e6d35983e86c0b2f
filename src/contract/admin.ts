import { z } from 'zod';

/**
 * What the admin API of a relay takes and gives, in JSON; the dashboard and the server read the same schemas. Times
 * are ms since 1970, ids as in the room. Every refusal is an `AdminProblem`.
 */

/** Longest name of an account, in UTF-16 units. */
export const MAX_ACCOUNT_NAME_LENGTH = 32;

/** Shortest password of an account: guessing is limited to a few tries a minute besides (NIST SP 800-63B, 3.1.1.2). */
export const MIN_ACCOUNT_PASSWORD_LENGTH = 10;
export const MAX_ACCOUNT_PASSWORD_LENGTH = 256;

/** Lines of the audit log in one answer. */
export const MAX_AUDIT_PAGE = 200;

/** Bots of one stress test: what one channel admits. */
export const MAX_BOTS = 200;

/** Longest stress test, in seconds: a forgotten one ends by itself. */
export const MAX_BOT_SECONDS = 600;

const id = z.number().int().min(0).max(0xffff_ffff);
const timeMs = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
/** What a room takes as text: shown whole, on one line, in its own direction. */
const shownText = z
  .string()
  .trim()
  .regex(/^[^\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]*$/u, 'has characters that cannot be shown');
export const roomTextSchema = shownText.min(1).max(64);
export const reasonTextSchema = shownText.max(256);
/** base64url of an Ed25519 public key. */
const identity = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const channelPassword = z.string().min(1).max(128);

/** `sentence` is for people; `code` for programs. */
export const adminProblemSchema = z.strictObject({ code: z.string(), sentence: z.string() });
export type AdminProblem = z.infer<typeof adminProblemSchema>;

export const accountNameSchema = z
  .string()
  .min(1)
  .max(MAX_ACCOUNT_NAME_LENGTH)
  .regex(/^[\p{L}\p{N}._-]+$/u);
export const accountPasswordSchema = z
  .string()
  .min(MIN_ACCOUNT_PASSWORD_LENGTH)
  .max(MAX_ACCOUNT_PASSWORD_LENGTH);

/** Whether the first account has still to be made. */
export const setupStateSchema = z.strictObject({ needed: z.boolean() });
/** `code` is shown by the host, once. */
export const setupRequestSchema = z.strictObject({
  code: z.string().min(1).max(64),
  name: accountNameSchema,
  password: accountPasswordSchema,
});
export type SetupRequest = z.infer<typeof setupRequestSchema>;

export const loginRequestSchema = z.strictObject({
  name: z.string().max(MAX_ACCOUNT_NAME_LENGTH),
  password: z.string().max(MAX_ACCOUNT_PASSWORD_LENGTH),
});
export type LoginRequest = z.infer<typeof loginRequestSchema>;

/** `POST /api/redeem`: the one-time code out of a link of the host's, whose address ends in `#login=<code>`. */
export const redeemRequestSchema = z.strictObject({ code: z.string().min(1).max(64) });

/** An account bears a role of the room: what it may do is judged like what a member does. */
export const accountSchema = z.strictObject({ name: accountNameSchema, role: id, createdMs: timeMs });
export type Account = z.infer<typeof accountSchema>;

/** `token` is a JWT (RFC 7519), sent as `Authorization: Bearer` (RFC 6750). */
export const grantSchema = z.strictObject({ token: z.string(), expiresMs: timeMs, account: accountSchema });
export type Grant = z.infer<typeof grantSchema>;

/** `PUT /api/accounts`: makes an account, or changes the one of that name. `DELETE /api/accounts/:name` removes it. */
export const saveAccountSchema = z.strictObject({
  name: accountNameSchema,
  role: id,
  /** Null: as it is; a new account needs one. */
  password: accountPasswordSchema.nullable(),
});
export type SaveAccount = z.infer<typeof saveAccountSchema>;

export const adminPermissionSchema = z.enum(['move', 'mute', 'kick', 'ban', 'channels', 'roles']);

export const adminRoleSchema = z.strictObject({
  id,
  name: z.string(),
  rank: z.number().int(),
  permissions: z.array(adminPermissionSchema),
});
export type AdminRole = z.infer<typeof adminRoleSchema>;

export const adminChannelConfigSchema = z.strictObject({
  bitrate: z.number().int().min(6_000).max(510_000),
  frameSamples: z.union([z.literal(480), z.literal(960), z.literal(1920), z.literal(2880)]),
  redundancyCopies: z.number().int().min(0).max(2),
  maxMembers: z.number().int().min(1).max(200),
  listeners: z.boolean(),
  enterRole: id,
  speakRole: id,
  whisperRole: id,
  manageRole: id,
  historyDays: z.number().int().min(0).max(365),
});

export const adminChannelSchema = z.strictObject({
  id,
  /** Null: top level. */
  parent: id.nullable(),
  name: z.string(),
  /** It has a password. */
  locked: z.boolean(),
  config: adminChannelConfigSchema,
});
export type AdminChannel = z.infer<typeof adminChannelSchema>;

export const adminMemberSchema = z.strictObject({
  token: id,
  identity: z.string(),
  nickname: z.string(),
  /** Null: in the room, in no channel. */
  channel: id.nullable(),
  role: id,
  muted: z.boolean(),
  deafened: z.boolean(),
  mutedForAll: z.boolean(),
  reconnecting: z.boolean(),
  /** A headless client of the stress test. */
  bot: z.boolean(),
  /** It stands in its channel for those who listen from outside. */
  listeners: z.boolean(),
});
export type AdminMember = z.infer<typeof adminMemberSchema>;

export const adminRoomSchema = z.strictObject({
  name: z.string(),
  maxMembers: z.number().int(),
  /** Members land in the first. */
  channels: z.array(adminChannelSchema),
  members: z.array(adminMemberSchema),
  roles: z.array(adminRoleSchema),
});
export type AdminRoom = z.infer<typeof adminRoomSchema>;

/** What the relay does right now; rates are per second over the last second. */
export const trafficSchema = z.strictObject({
  atMs: timeMs,
  /** `batched`: the native addon; `dgram`: Node's own sockets. */
  voiceSocket: z.enum(['batched', 'dgram']),
  members: count,
  receivedPerSecond: z.number(),
  forwardedPerSecond: z.number(),
  discardedPerSecond: z.number(),
  /** Datagrams that the kernel dropped before the relay read them, since the start. */
  kernelDrops: count,
  /** Copies left out because the send buffer was full, since the start. */
  sendBufferFull: count,
  /** Of the thread that forwards: share of one core, 0 to 1. */
  cpu: z.number(),
  heapBytes: count,
  residentBytes: count,
});
export type Traffic = z.infer<typeof trafficSchema>;

/** `POST /api/kick` */
export const kickRequestSchema = z.strictObject({ member: id, reason: reasonTextSchema });
/** `POST /api/ban`. `addressOf`: the address a member is connected from, which nobody is shown. Seconds null: for good. */
export const banRequestSchema = z.strictObject({
  subject: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('identity'), identity }),
    z.strictObject({ kind: z.literal('range'), range: z.string().min(3).max(64) }),
    z.strictObject({ kind: z.literal('addressOf'), member: id }),
  ]),
  reason: reasonTextSchema,
  seconds: z.number().int().min(1).max(315_360_000).nullable(),
});
export type BanRequest = z.infer<typeof banRequestSchema>;
/** `POST /api/move` */
export const moveRequestSchema = z.strictObject({ member: id, channel: id });
/** `POST /api/mute`: for everybody. */
export const muteRequestSchema = z.strictObject({ member: id, muted: z.boolean() });
/** `POST /api/assign-role`: to an identity, in the room or not. */
export const assignRoleRequestSchema = z.strictObject({ identity, role: id });

/** `POST /api/channels` */
export const createChannelSchema = z.strictObject({
  name: roomTextSchema,
  parent: id.nullable(),
  config: adminChannelConfigSchema,
  password: channelPassword.nullable(),
});
/** Answer to `POST /api/channels`. What changes something else answers 204, without a body. */
export const channelMadeSchema = z.strictObject({ channel: id });
/** `PUT /api/channels/:id`. Password left out: as it is; null: none. */
export const changeChannelSchema = z.strictObject({
  name: roomTextSchema,
  config: adminChannelConfigSchema,
  password: channelPassword.nullable().optional(),
});
/** `POST /api/roles`, `PUT /api/roles/:id` */
export const saveRoleSchema = z.strictObject({
  name: roomTextSchema,
  rank: z.number().int().min(0).max(100),
  permissions: z.array(adminPermissionSchema),
});
/** Most listeners of one channel at a time that can be asked for. */
export const MAX_CHANNEL_LISTENERS = 5_000;

/** A password that is read out or typed on a television: guessing is limited to a few tries a minute besides. */
export const MIN_LISTENING_PASSWORD_LENGTH = 6;

export const listeningSourceSchema = z.enum(['conversation', 'publisher']);
export const listeningAccessSchema = z.enum(['link', 'password', 'public']);
const maxListeners = z.number().int().min(1).max(MAX_CHANNEL_LISTENERS);

/** Where a channel is heard, as addresses that are ready to be handed out; with `access` "link" they carry the link's key. */
export const listeningLinksSchema = z.strictObject({
  /** The listener page. */
  page: z.string(),
  /** Ogg over HTTP. */
  ogg: z.string(),
  /** Null: there is no RTSP here. */
  rtsp: z.string().nullable(),
  whep: z.string(),
  websocket: z.string(),
  /** To send Ogg/Opus to with PUT. It and the next two carry the publisher's key; null: nobody may publish, or not you. */
  publish: z.string().nullable(),
  /** For source clients of Icecast. */
  icecast: z.string().nullable(),
  whip: z.string().nullable(),
});
export type ListeningLinks = z.infer<typeof listeningLinksSchema>;

/**
 * How a channel may be listened to.
 *
 * `POST /api/listeners/:channel/link` makes a new key for its link, and cuts off whoever listens by the old one;
 * `POST /api/listeners/:channel/publish-key` does the same for the publisher. Both answer with this.
 */
export const listeningStateSchema = z.strictObject({
  channel: id,
  /** The switch: whether gateways may stand in the channel. The rest is kept while it is off. */
  listeners: z.boolean(),
  /** What is heard: the members, mixed; or what a publisher sends. */
  source: listeningSourceSchema,
  /** Who may listen. */
  access: listeningAccessSchema,
  hasPassword: z.boolean(),
  /** Whether a publisher with the key may send. */
  publish: z.boolean(),
  /** Null: there is none, or it is not for you. */
  publishKey: z.string().nullable(),
  /** Listeners may talk, one at a time. */
  talk: z.boolean(),
  maxListeners,
  /** Null: it is not open, or its link is not for you. */
  links: listeningLinksSchema.nullable(),
  now: z.strictObject({
    listeners: count,
    /** Null: nothing is on. */
    source: z.string().nullable(),
    title: z.string(),
  }),
  /** You may change this: you may change the channel. */
  mayManage: z.boolean(),
  /** Why the channel cannot be heard though its switch is on, for people; null: nothing stands in the way. */
  sentence: z.string().nullable(),
});
export type ListeningState = z.infer<typeof listeningStateSchema>;
/** `GET /api/listeners`: all channels. */
export const listenersStateSchema = z.array(listeningStateSchema);
/** `PUT /api/listeners/:channel`: what is left out stays as it is, but for the switch. */
export const saveListeningSchema = z.strictObject({
  listeners: z.boolean(),
  source: listeningSourceSchema.optional(),
  access: listeningAccessSchema.optional(),
  /** Null: none. Needed before `access` can be "password". */
  password: z.string().min(MIN_LISTENING_PASSWORD_LENGTH).max(128).nullable().optional(),
  /** Switched on it makes a new key. Left out, a channel that becomes a publisher's gets one. */
  publish: z.boolean().optional(),
  talk: z.boolean().optional(),
  maxListeners: maxListeners.optional(),
});
export type SaveListening = z.infer<typeof saveListeningSchema>;
/** `GET`, `PUT /api/config`: takes effect at once, and is kept. */
export const roomConfigSchema = z.strictObject({
  name: roomTextSchema,
  maxMembers: z.number().int().min(1).max(5_000),
});
export type RoomConfig = z.infer<typeof roomConfigSchema>;

export const adminBanSchema = z.strictObject({
  id: count,
  subject: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('identity'), identity: z.string() }),
    z.strictObject({ kind: z.literal('range'), range: z.string() }),
  ]),
  /** Empty for a range. */
  nickname: z.string(),
  reason: z.string(),
  by: z.string(),
  createdMs: timeMs,
  untilMs: timeMs.nullable(),
});
export type AdminBan = z.infer<typeof adminBanSchema>;

/** One line of the audit log. `by`: an identity, `account:<name>`, or empty for the relay itself. */
export const auditLineSchema = z.strictObject({
  id: count,
  atMs: timeMs,
  by: z.string(),
  action: z.string(),
  subject: z.string(),
  reason: z.string(),
});
export type AuditLine = z.infer<typeof auditLineSchema>;

/** `POST /api/bots`. It, `GET` and `DELETE /api/bots` answer with the state. */
export const botsRequestSchema = z.strictObject({
  bots: z.number().int().min(2).max(MAX_BOTS),
  /** How many of them talk at once, all the time. */
  speakers: z.number().int().min(1).max(MAX_BOTS),
  seconds: z.number().int().min(5).max(MAX_BOT_SECONDS),
  /**
   * Address of this relay to go over instead of loopback, so that the way through the network is measured too. Only
   * an address that this machine itself has.
   */
  address: z.string().max(64).nullable(),
});
export type BotsRequest = z.infer<typeof botsRequestSchema>;

const percentilesSchema = z.strictObject({
  p50: z.number(),
  p95: z.number(),
  p99: z.number(),
  max: z.number(),
});

export const botFigureSchema = z.strictObject({
  bot: z.number().int(),
  speaking: z.boolean(),
  sent: count,
  /** Datagrams that came; those that nobody had time to open count too. */
  received: count,
  expected: count,
  unopened: count,
  lossPercent: z.number(),
  latencyMs: percentilesSchema,
});
export type BotFigure = z.infer<typeof botFigureSchema>;

/** The stress test, told about once a second while it runs; the last one stays until the next begins. */
export const botsStateSchema = z.strictObject({
  phase: z.enum(['idle', 'joining', 'exchangingKeys', 'speaking', 'ending', 'done', 'failed']),
  /** Why it failed, or what to know about the figures; else empty. */
  sentence: z.string(),
  bots: count,
  speakers: count,
  joined: count,
  /** Bots that hold the keys of all others. */
  keyed: count,
  elapsedSeconds: z.number(),
  sentPerSecond: z.number(),
  receivedPerSecond: z.number(),
  receivedBitsPerSecond: z.number(),
  /** Of the last second, and of the whole time of speaking. */
  lossPercent: z.number(),
  totalLossPercent: z.number(),
  latencyMs: percentilesSchema,
  totalLatencyMs: percentilesSchema,
  /** Share of one core that the bots themselves take, 0 to 1: near 1 they measure themselves, not the relay. */
  botsCpu: z.number(),
  perBot: z.array(botFigureSchema),
});
export type BotsState = z.infer<typeof botsStateSchema>;

const NO_LATENCY = Object.freeze({ p50: 0, p95: 0, p99: 0, max: 0 });

/** Before the first test, and where there are no bots. */
export const IDLE_BOTS: BotsState = Object.freeze({
  phase: 'idle',
  sentence: '',
  bots: 0,
  speakers: 0,
  joined: 0,
  keyed: 0,
  elapsedSeconds: 0,
  sentPerSecond: 0,
  receivedPerSecond: 0,
  receivedBitsPerSecond: 0,
  lossPercent: 0,
  totalLossPercent: 0,
  latencyMs: NO_LATENCY,
  totalLatencyMs: NO_LATENCY,
  botsCpu: 0,
  perBot: [],
});

/**
 * `GET /api/events`: server-sent events (HTML Living Standard, 9.2) on a request with the bearer token. The first is
 * `room`; every `data` is one of these.
 */
export const adminEventSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('room'), room: adminRoomSchema }),
  z.strictObject({ type: z.literal('member'), member: adminMemberSchema }),
  z.strictObject({ type: z.literal('memberLeft'), token: id }),
  z.strictObject({ type: z.literal('channel'), channel: adminChannelSchema }),
  z.strictObject({ type: z.literal('channelRemoved'), channel: id }),
  z.strictObject({ type: z.literal('roles'), roles: z.array(adminRoleSchema) }),
  z.strictObject({ type: z.literal('config'), config: roomConfigSchema }),
  z.strictObject({ type: z.literal('traffic'), traffic: trafficSchema }),
  z.strictObject({ type: z.literal('bots'), bots: botsStateSchema }),
  /** Ask for `GET /api/listeners` again: settings, or who listens, have changed. Every other second at most. */
  z.strictObject({ type: z.literal('listening') }),
  /** Ask for the log again. */
  z.strictObject({ type: z.literal('audit') }),
]);
export type AdminEvent = z.infer<typeof adminEventSchema>;
