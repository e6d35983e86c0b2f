import { z } from 'zod';
import { channelSchema, memberSchema, roleSchema } from './room.ts';
import { processingProblemSchema, processingSettingsSchema, talkTimingSchema } from './sound.ts';
import { testingSchema } from './testing.ts';

export type { Channel, Member, Role } from './room.ts';

/** Three ways to open the microphone. */
export const activationSchema = z.enum(['pushToTalk', 'voiceActivity', 'open']);
export type Activation = z.infer<typeof activationSchema>;

/** A key or mouse button as the global hook names it. `code` is libuiohook's virtual code or button number. */
export const bindingSchema = z.strictObject({
  device: z.enum(['keyboard', 'mouse']),
  code: z.number().int().min(0).max(0xffff),
  label: z.string().max(32),
});
export type Binding = z.infer<typeof bindingSchema>;

/** Something to tell the person, in a whole sentence. `id` changes when the notice is raised again. */
export const noticeSchema = z.strictObject({
  id: z.number().int(),
  severity: z.enum(['info', 'warning', 'error']),
  text: z.string(),
});
export type Notice = z.infer<typeof noticeSchema>;

export const deviceInfoSchema = z.strictObject({ id: z.string(), name: z.string() });
export type DeviceInfo = z.infer<typeof deviceInfoSchema>;

/** `running`: sound flows. `lost`: it was there and is looked for. `failed`: it cannot be opened. `absent`: no such hardware. */
export const deviceStatusSchema = z.enum(['starting', 'running', 'lost', 'failed', 'absent']);
export type DeviceStatus = z.infer<typeof deviceStatusSchema>;

export const deviceSideSchema = z.strictObject({
  devices: z.array(deviceInfoSchema),
  /** Empty: the system's default. */
  selectedId: z.string(),
  status: deviceStatusSchema,
  /** Why the status is `failed` or `lost`, for a person; empty otherwise. */
  reason: z.string(),
});
export type DeviceSide = z.infer<typeof deviceSideSchema>;

export const connectionSchema = z.discriminatedUnion('phase', [
  z.strictObject({ phase: z.literal('idle') }),
  z.strictObject({ phase: z.literal('connecting'), relay: z.string() }),
  z.strictObject({
    phase: z.literal('connected'),
    relay: z.string(),
    roomName: z.string(),
    /** Null: in the room, in none of its channels. */
    channel: z.number().int().nullable(),
    channelName: z.string(),
    /** bit/s of the channel. */
    bitrate: z.number(),
    /** False until the voice path answered a probe. */
    voicePath: z.boolean(),
    /** `lane`: UDP does not get through, so voice takes the control connection. */
    voiceRoute: z.enum(['udp', 'lane']),
    /** How long the voice path has given no sign of life, in ms; null while it does. */
    deafForMs: z.number().nullable(),
    /** UDP round trip in ms, null while unknown. */
    pingMs: z.number().nullable(),
    /** Why we cannot speak here; empty: we can. */
    speakRule: z.string(),
    sealing: z.strictObject({
      /** `waiting`: entered, and no keys yet: nothing is sent until there are. */
      state: z.enum(['sealed', 'waiting']),
      /** Renewals of the keys since the group was founded. */
      epoch: z.number().int(),
      /** 6 groups of five digits that everybody in the channel sees alike; empty while waiting. */
      groupCode: z.string(),
      /** Holders of keys whom the relay does not show as members: somebody listens unseen. */
      strangers: z.number().int(),
    }),
  }),
  z.strictObject({ phase: z.literal('reconnecting'), relay: z.string(), attempt: z.number().int() }),
]);
export type Connection = z.infer<typeof connectionSchema>;

export const hostingSchema = z.discriminatedUnion('phase', [
  z.strictObject({ phase: z.literal('off') }),
  z.strictObject({ phase: z.literal('starting') }),
  z.strictObject({
    phase: z.literal('on'),
    port: z.number().int(),
    inviteLink: z.string(),
    /** The address inside the invite link. */
    address: z.string(),
    /** Addresses of this machine to choose from. */
    addresses: z.array(z.string()),
    /** Channels that are heard outside now, and the page that each is heard at, its key included. */
    listening: z.array(z.strictObject({ channel: z.string(), link: z.string() })),
  }),
]);
export type Hosting = z.infer<typeof hostingSchema>;

/** Who this program is to others. */
export const ownIdentitySchema = z.strictObject({
  publicKey: z.string(),
  /** `system`: in the operating system's key store. `file`: in a file only its owner may read. */
  storage: z.enum(['system', 'file']),
  /** What is wrong with it, for a person; empty when all is well. */
  problem: z.string(),
});
export type OwnIdentity = z.infer<typeof ownIdentitySchema>;

/** A room kept for later. */
export const bookmarkSchema = z.strictObject({
  id: z.number().int(),
  name: z.string(),
  address: z.string(),
  port: z.number().int(),
  nickname: z.string(),
  hasPassword: z.boolean(),
});
export type Bookmark = z.infer<typeof bookmarkSchema>;

/** A group of people with a key of its own to whisper to. Kept by identity, for every room they are in. */
export const whisperListSchema = z.strictObject({
  id: z.number().int(),
  name: z.string(),
  /** Identities; those who are not here now are kept. */
  targets: z.array(z.string()),
  binding: bindingSchema.nullable(),
});
export type WhisperList = z.infer<typeof whisperListSchema>;

export const whispersSchema = z.strictObject({
  lists: z.array(whisperListSchema),
  replyBinding: bindingSchema.nullable(),
  /** The next key or button pressed is bound to that list, or to replying; null: none is waited for. */
  capturing: z.union([z.literal('reply'), z.number().int()]).nullable(),
  /** Who hears us whisper right now; empty: we do not. */
  activeTo: z.string(),
  /** Who whispered to us last; empty: nobody yet. */
  lastFrom: z.string(),
});
export type Whispers = z.infer<typeof whispersSchema>;

/** Everything the window shows, except meters and chat. Sent whole on every change. */
export const appStateSchema = z.strictObject({
  version: z.string(),
  shell: z.enum(['electron', 'browser']),
  nickname: z.string(),
  muted: z.boolean(),
  deafened: z.boolean(),
  /** The microphone is open and sound goes out. */
  transmitting: z.boolean(),
  activation: activationSchema,
  /** Level in dBFS above which voice activity opens the microphone. */
  gateThresholdDb: z.number(),
  pushToTalk: bindingSchema.nullable(),
  /** The next key or button pressed becomes the push-to-talk key. */
  capturingBinding: z.boolean(),
  /** Empty while global hotkeys work; otherwise why they do not. */
  hotkeyProblem: z.string(),
  hearYourself: z.boolean(),
  processing: processingSettingsSchema,
  processingProblems: z.array(processingProblemSchema),
  talkTiming: talkTimingSchema,
  testing: testingSchema,
  audioBackend: z.enum(['pulse', 'naudiodon', 'decibri', 'wave', 'null']),
  input: deviceSideSchema,
  output: deviceSideSchema,
  connection: connectionSchema,
  hosting: hostingSchema,
  identity: ownIdentitySchema,
  bookmarks: z.array(bookmarkSchema),
  /** In tree order; empty while not in a room. */
  channels: z.array(channelSchema),
  /** Highest rank first; empty while not in a room. */
  roles: z.array(roleSchema),
  /** Why we cannot give out roles, add channels at the top level, see bans; empty: we can. */
  ownRules: z.strictObject({ roles: z.string(), channels: z.string(), ban: z.string() }),
  /** Everybody in the room, whatever channel. */
  members: z.array(memberSchema),
  whispers: whispersSchema,
  notices: z.array(noticeSchema),
});
export type AppState = z.infer<typeof appStateSchema>;

/** Levels at most 20 times a second. dBFS, -120 is digital silence. */
export const metersSchema = z.strictObject({
  inputDb: z.number(),
  outputDb: z.number(),
  talkingTokens: z.array(z.number().int()),
});
export type Meters = z.infer<typeof metersSchema>;

/** Counters by name, grouped by where they are counted ("voice", "relay", "jitter.<token>"…). */
export const statsSchema = z.record(z.string(), z.record(z.string(), z.number()));
export type Stats = z.infer<typeof statsSchema>;
