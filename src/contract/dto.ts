import { z } from 'zod';
import { MAX_MEMBER_VOLUME } from './limits.ts';

export { MAX_MEMBER_VOLUME };

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

export const memberSchema = z.strictObject({
  token: z.number().int(),
  nickname: z.string(),
  self: z.boolean(),
  talking: z.boolean(),
  muted: z.boolean(),
  deafened: z.boolean(),
  volume: z.number().min(0).max(MAX_MEMBER_VOLUME),
});
export type Member = z.infer<typeof memberSchema>;

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
    channelName: z.string(),
    /** bit/s of the channel. */
    bitrate: z.number(),
    /** False until the voice path answered a probe. */
    voicePath: z.boolean(),
    /** UDP round trip in ms, null while unknown. */
    pingMs: z.number().nullable(),
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
  }),
]);
export type Hosting = z.infer<typeof hostingSchema>;

/** Everything the window shows, except meters. Sent whole on every change. */
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
  audioBackend: z.enum(['naudiodon', 'decibri', 'wave', 'null']),
  input: deviceSideSchema,
  output: deviceSideSchema,
  connection: connectionSchema,
  hosting: hostingSchema,
  members: z.array(memberSchema),
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
