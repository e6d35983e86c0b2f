import { z } from 'zod';
import { chatEventSchema, chatTargetSchema, conversationSchema } from './chat.ts';
import { diagnosticsSchema } from './diagnostics.ts';
import { activationSchema, appStateSchema, metersSchema, statsSchema } from './dto.ts';
import {
  MAX_ADDRESS_LENGTH,
  MAX_BLOCK_MS,
  MAX_CHAT_TEXT_LENGTH,
  MAX_IDENTITY_TEXT_LENGTH,
  MAX_JOIN_TARGET_LENGTH,
  MAX_MEMBER_VOLUME,
  MAX_NAME_TEXT_LENGTH,
  MAX_REASON_TEXT_LENGTH,
  MAX_SECRET_TEXT_LENGTH,
  MAX_TRACE_TEXT_LENGTH,
  MAX_WHISPER_LIST_MEMBERS,
} from './limits.ts';
import { banSchema, channelConfigSchema, permissionSchema, whisperTargetSchema } from './room.ts';
import { processingSettingsSchema, talkTimingSchema } from './sound.ts';
import { chaosPresetSchema, chaosSettingsSchema } from './testing.ts';

export { MAX_BLOCK_MS, MAX_JOIN_TARGET_LENGTH };

const nothing = z.null();
const nickname = z.string().max(MAX_NAME_TEXT_LENGTH);
const name = z.string().max(MAX_NAME_TEXT_LENGTH);
const token = z.number().int();
const identity = z.string().max(64);
const reason = z.string().max(MAX_REASON_TEXT_LENGTH);
const secret = z.string().max(MAX_SECRET_TEXT_LENGTH);
const port = z.number().int().min(1).max(65_535);

/** A command's answer: done, or a sentence for the person. Bad input never throws across the boundary. */
export const outcomeSchema = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true) }),
  z.strictObject({ ok: z.literal(false), sentence: z.string() }),
]);
export type Outcome = z.infer<typeof outcomeSchema>;

/** Renderer to main: one entry per command, with the schema of its payload and of its answer. */
export const commandSchemas = {
  getState: { payload: nothing, answer: appStateSchema },
  getStats: { payload: nothing, answer: statsSchema },
  /** Whoever asks at least every two seconds gets figures that are fresh. */
  getDiagnostics: { payload: nothing, answer: diagnosticsSchema },
  /** `target` is an invite link, `host:port` or a bare name. */
  join: {
    payload: z.strictObject({
      target: z.string().max(MAX_JOIN_TARGET_LENGTH),
      nickname,
      /** Of the room, if it asks for one. */
      password: secret.nullable(),
    }),
    answer: outcomeSchema,
  },
  leave: { payload: nothing, answer: outcomeSchema },
  /** `address` and `port` empty (null): chosen by the program. */
  host: {
    payload: z.strictObject({
      roomName: z.string().max(MAX_NAME_TEXT_LENGTH),
      nickname,
      address: z.string().max(MAX_ADDRESS_LENGTH).nullable(),
      port: z.number().int().min(0).max(65_535).nullable(),
    }),
    answer: outcomeSchema,
  },
  stopHosting: { payload: nothing, answer: outcomeSchema },
  /**
   * The dashboard of the room we host. Opened in the system's browser by the program (`link` null), or, where the window
   * is in a browser already, by the window: the link works once, for a minute.
   */
  openDashboard: {
    payload: nothing,
    answer: z.discriminatedUnion('ok', [
      z.strictObject({ ok: z.literal(true), link: z.string().nullable() }),
      z.strictObject({ ok: z.literal(false), sentence: z.string() }),
    ]),
  },
  setInviteAddress: {
    payload: z.strictObject({ address: z.string().max(MAX_ADDRESS_LENGTH) }),
    answer: outcomeSchema,
  },
  setMuted: { payload: z.strictObject({ muted: z.boolean() }), answer: outcomeSchema },
  setDeafened: { payload: z.strictObject({ deafened: z.boolean() }), answer: outcomeSchema },
  setActivation: { payload: z.strictObject({ activation: activationSchema }), answer: outcomeSchema },
  setGateThreshold: {
    payload: z.strictObject({ thresholdDb: z.number().min(-100).max(0) }),
    answer: outcomeSchema,
  },
  /** The button in the window; the global key does not pass here. */
  setTalkButton: { payload: z.strictObject({ down: z.boolean() }), answer: outcomeSchema },
  captureBinding: { payload: z.strictObject({ capturing: z.boolean() }), answer: outcomeSchema },
  clearBinding: { payload: nothing, answer: outcomeSchema },
  selectDevice: {
    payload: z.strictObject({ side: z.enum(['input', 'output']), id: z.string().max(512) }),
    answer: outcomeSchema,
  },
  refreshDevices: { payload: nothing, answer: outcomeSchema },
  setProcessing: { payload: processingSettingsSchema, answer: outcomeSchema },
  setTalkTiming: { payload: talkTimingSchema, answer: outcomeSchema },
  setHearYourself: { payload: z.strictObject({ on: z.boolean() }), answer: outcomeSchema },
  setMemberVolume: {
    payload: z.strictObject({ token: z.number().int(), volume: z.number().min(0).max(MAX_MEMBER_VOLUME) }),
    answer: outcomeSchema,
  },
  /** Muted by us, for us alone. */
  setMemberMuted: { payload: z.strictObject({ token, muted: z.boolean() }), answer: outcomeSchema },
  /** The person compared the safety code with the other one. */
  setVerified: { payload: z.strictObject({ identity, verified: z.boolean() }), answer: outcomeSchema },

  /** Channel null: leave the channel, stay in the room. */
  joinChannel: {
    payload: z.strictObject({ channel: z.number().int().nullable(), password: secret.nullable() }),
    answer: outcomeSchema,
  },
  createChannel: {
    payload: z.strictObject({
      name,
      parent: z.number().int().nullable(),
      config: channelConfigSchema,
      password: secret.nullable(),
    }),
    answer: outcomeSchema,
  },
  /** Password left out: stays; null: none. */
  changeChannel: {
    payload: z.strictObject({
      channel: z.number().int(),
      name,
      config: channelConfigSchema,
      password: secret.nullable().optional(),
    }),
    answer: outcomeSchema,
  },
  removeChannel: { payload: z.strictObject({ channel: z.number().int() }), answer: outcomeSchema },

  moveMember: { payload: z.strictObject({ token, channel: z.number().int() }), answer: outcomeSchema },
  muteMemberForAll: { payload: z.strictObject({ token, muted: z.boolean() }), answer: outcomeSchema },
  kickMember: { payload: z.strictObject({ token, reason }), answer: outcomeSchema },
  /** `by`: the identity, or the address the member is connected from. Seconds null: for good. */
  banMember: {
    payload: z.strictObject({
      token,
      by: z.enum(['identity', 'address']),
      reason,
      seconds: z.number().int().min(1).nullable(),
    }),
    answer: outcomeSchema,
  },
  banRange: {
    payload: z.strictObject({
      range: z.string().max(64),
      reason,
      seconds: z.number().int().min(1).nullable(),
    }),
    answer: outcomeSchema,
  },
  unban: { payload: z.strictObject({ ban: z.number().int() }), answer: outcomeSchema },
  listBans: {
    payload: nothing,
    answer: z.discriminatedUnion('ok', [
      z.strictObject({ ok: z.literal(true), bans: z.array(banSchema) }),
      z.strictObject({ ok: z.literal(false), sentence: z.string() }),
    ]),
  },
  /** Role null: a new one. */
  saveRole: {
    payload: z.strictObject({
      role: z.number().int().nullable(),
      name,
      rank: z.number().int().min(0).max(100),
      permissions: z.array(permissionSchema),
    }),
    answer: outcomeSchema,
  },
  removeRole: { payload: z.strictObject({ role: z.number().int() }), answer: outcomeSchema },
  assignRole: { payload: z.strictObject({ identity, role: z.number().int() }), answer: outcomeSchema },

  sendChat: {
    payload: z.strictObject({ target: chatTargetSchema, text: z.string().max(MAX_CHAT_TEXT_LENGTH) }),
    answer: outcomeSchema,
  },
  getConversations: { payload: nothing, answer: z.array(conversationSchema) },
  /** Older entries come as chat events; `more` says whether there may be still older ones. */
  loadOlderChat: {
    payload: z.strictObject({ channel: z.number().int() }),
    answer: z.discriminatedUnion('ok', [
      z.strictObject({ ok: z.literal(true), more: z.boolean() }),
      z.strictObject({ ok: z.literal(false), sentence: z.string() }),
    ]),
  },
  /** A link of a chat message, opened by the system's browser after the person saw where it leads. */
  openLink: { payload: z.strictObject({ url: z.string().max(2_048) }), answer: outcomeSchema },

  /** List null: a new one. */
  saveWhisperList: {
    payload: z.strictObject({
      list: z.number().int().nullable(),
      name,
      targets: z.array(identity).max(MAX_WHISPER_LIST_MEMBERS),
    }),
    answer: outcomeSchema,
  },
  removeWhisperList: { payload: z.strictObject({ list: z.number().int() }), answer: outcomeSchema },
  captureWhisperBinding: {
    payload: z.strictObject({
      key: z.union([z.literal('reply'), z.number().int()]),
      capturing: z.boolean(),
    }),
    answer: outcomeSchema,
  },
  clearWhisperBinding: {
    payload: z.strictObject({ key: z.union([z.literal('reply'), z.number().int()]) }),
    answer: outcomeSchema,
  },
  /** The whisper button in the window; global keys do not pass here. */
  setWhisperButton: {
    payload: z.strictObject({ target: whisperTargetSchema, down: z.boolean() }),
    answer: outcomeSchema,
  },

  /** Id null: a new one. Password left out: stays; null: none. */
  saveBookmark: {
    payload: z.strictObject({
      id: z.number().int().nullable(),
      name,
      address: z.string().max(MAX_ADDRESS_LENGTH),
      port,
      nickname,
      password: secret.nullable().optional(),
    }),
    answer: outcomeSchema,
  },
  /** The room we are in, under its own name. */
  bookmarkThisRoom: { payload: nothing, answer: outcomeSchema },
  removeBookmark: { payload: z.strictObject({ id: z.number().int() }), answer: outcomeSchema },
  joinBookmark: { payload: z.strictObject({ id: z.number().int() }), answer: outcomeSchema },

  exportIdentity: {
    payload: z.strictObject({ passphrase: secret }),
    answer: z.discriminatedUnion('ok', [
      z.strictObject({ ok: z.literal(true), text: z.string() }),
      z.strictObject({ ok: z.literal(false), sentence: z.string() }),
    ]),
  },
  /** Replaces the identity of this computer; only outside of rooms. */
  importIdentity: {
    payload: z.strictObject({ text: z.string().max(MAX_IDENTITY_TEXT_LENGTH), passphrase: secret }),
    answer: outcomeSchema,
  },

  getChaosPresets: { payload: nothing, answer: z.array(chaosPresetSchema) },
  /** Seed null: stays. */
  setChaos: {
    payload: z.strictObject({
      settings: chaosSettingsSchema,
      seed: z.number().int().min(0).max(0xffff_ffff).nullable(),
    }),
    answer: outcomeSchema,
  },
  startTrace: { payload: nothing, answer: outcomeSchema },
  stopTrace: { payload: nothing, answer: outcomeSchema },
  /** The trace recorded last, as a text without any voice in it. */
  exportTrace: {
    payload: nothing,
    answer: z.discriminatedUnion('ok', [
      z.strictObject({ ok: z.literal(true), text: z.string() }),
      z.strictObject({ ok: z.literal(false), sentence: z.string() }),
    ]),
  },
  /** Text null: no more. */
  replayTrace: {
    payload: z.strictObject({ text: z.string().max(MAX_TRACE_TEXT_LENGTH).nullable() }),
    answer: outcomeSchema,
  },
  setTaps: { payload: z.strictObject({ on: z.boolean() }), answer: outcomeSchema },

  dismissNotice: { payload: z.strictObject({ id: z.number().int() }), answer: outcomeSchema },
  /** Debugging: keeps the main thread busy, to prove that sound does not depend on it. Refused unless SIDETONE_DEBUG=1. */
  blockMainThread: {
    payload: z.strictObject({ milliseconds: z.number().int().min(1).max(MAX_BLOCK_MS) }),
    answer: outcomeSchema,
  },
} as const;

/** Main to renderer. */
export const eventSchemas = {
  stateChanged: appStateSchema,
  metersChanged: metersSchema,
  chatChanged: chatEventSchema,
} as const;

export type CommandName = keyof typeof commandSchemas;
export type CommandPayload<Name extends CommandName> = z.infer<(typeof commandSchemas)[Name]['payload']>;
export type CommandAnswer<Name extends CommandName> = z.infer<(typeof commandSchemas)[Name]['answer']>;
export type EventName = keyof typeof eventSchemas;
export type EventPayload<Name extends EventName> = z.infer<(typeof eventSchemas)[Name]>;

/** Every command as main implements it. */
export type CommandHandlers = {
  [Name in CommandName]: (payload: CommandPayload<Name>) => Promise<CommandAnswer<Name>>;
};

/** What the renderer sees as `window.sidetone`: named methods, whichever shell carries them. */
export type SidetoneApi = {
  [Name in CommandName]: CommandPayload<Name> extends null
    ? () => Promise<CommandAnswer<Name>>
    : (payload: CommandPayload<Name>) => Promise<CommandAnswer<Name>>;
} & {
  /** @returns a function that ends the subscription */
  onStateChanged(listener: (state: EventPayload<'stateChanged'>) => void): () => void;
  onMetersChanged(listener: (meters: EventPayload<'metersChanged'>) => void): () => void;
  onChatChanged(listener: (event: EventPayload<'chatChanged'>) => void): () => void;
};
