import { z } from 'zod';

/** Protocol version spoken on the control lane and in the datagrams. */
export const PROTOCOL_VERSION = 1;

/** TCP and UDP port of a relay unless the invite says otherwise. */
export const DEFAULT_PORT = 48480;

/** Longest control message, in UTF-16 units: far above a full member list, far below a memory risk. */
export const MAX_CONTROL_LENGTH = 65_536;

/** Longest nickname, in characters: fits a member row and a screen reader's patience. */
export const MAX_NICKNAME_LENGTH = 32;

/** Longest room or channel name, in characters. */
export const MAX_ROOM_NAME_LENGTH = 64;

/** Most members one relay admits; the member list must fit one control message. */
export const MAX_ROOM_MEMBERS = 200;

/** Most channels one relay announces: with a full member list, and every name in three-byte characters, a welcome fits. */
export const MAX_CHANNELS = 64;

/**
 * Names must show something and cannot steer a terminal or a log: no control or bidi-override characters, and no
 * halves of surrogate pairs, which JSON would blow up to six bytes each.
 */
const visibleText = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(
      /^[^\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]*$/u,
      'has characters that cannot be shown',
    );

const u32 = z.number().int().min(0).max(0xffff_ffff);

/** A nickname as the relay accepts it. */
export const nicknameSchema = visibleText(MAX_NICKNAME_LENGTH);

/** A room or channel name as the relay accepts it. */
export const roomNameSchema = visibleText(MAX_ROOM_NAME_LENGTH);

/** What the relay dictates to every encoder of a channel. Bitrates in bit/s, as Opus counts them. */
export const channelConfigSchema = z.strictObject({
  bitrate: z.number().int().min(6_000).max(510_000),
  frameSamples: z.union([z.literal(480), z.literal(960), z.literal(1920), z.literal(2880)]),
  redundancyCopies: z.number().int().min(0).max(2),
});
export type ChannelConfig = z.infer<typeof channelConfigSchema>;

const channelSchema = z.strictObject({ id: u32, name: roomNameSchema, config: channelConfigSchema });
export type ChannelInfo = z.infer<typeof channelSchema>;

const memberSchema = z.strictObject({
  token: u32,
  nickname: nicknameSchema,
  channel: u32.nullable(),
  muted: z.boolean(),
  deafened: z.boolean(),
});
export type MemberInfo = z.infer<typeof memberSchema>;

/** Why a relay refuses something; each code has one sentence for people in `refusalSentence`. */
export const refusalCodeSchema = z.enum([
  'versionUnsupported',
  'nicknameTaken',
  'nicknameInvalid',
  'roomFull',
  'unknownChannel',
  'helloExpected',
  'alreadyGreeted',
  'badMessage',
  'tooManyMessages',
  'relayClosing',
]);
export type RefusalCode = z.infer<typeof refusalCodeSchema>;

/**
 * Client to relay. `identity` and `resume` of `hello` are reserved: a client of this version leaves them out
 * and a relay of this version ignores them.
 */
export const clientMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('hello'),
    protocol: z.number().int().min(0).max(0xffff),
    nickname: z.string().max(MAX_CONTROL_LENGTH),
    identity: z.string().max(1024).optional(),
    resume: z.string().max(1024).optional(),
  }),
  z.strictObject({ type: z.literal('join'), channel: u32 }),
  z.strictObject({ type: z.literal('leave') }),
  z.strictObject({ type: z.literal('state'), muted: z.boolean(), deafened: z.boolean() }),
  z.strictObject({ type: z.literal('ping'), id: u32 }),
  z.strictObject({ type: z.literal('bye') }),
]);
export type ClientMessage = z.infer<typeof clientMessageSchema>;

/** Relay to client. */
export const relayMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('welcome'),
    token: u32,
    /** 32 bytes, base64url: the key of the path probes. */
    pathKey: z.string().length(43),
    roomName: roomNameSchema,
    channels: z.array(channelSchema).max(MAX_CHANNELS),
    members: z.array(memberSchema).max(MAX_ROOM_MEMBERS),
  }),
  z.strictObject({ type: z.literal('memberJoined'), member: memberSchema }),
  z.strictObject({ type: z.literal('memberLeft'), token: u32 }),
  z.strictObject({ type: z.literal('memberChanged'), member: memberSchema }),
  z.strictObject({ type: z.literal('channelChanged'), channel: channelSchema }),
  z.strictObject({ type: z.literal('refused'), code: refusalCodeSchema, sentence: z.string().max(512) }),
  z.strictObject({ type: z.literal('pong'), id: u32 }),
]);
export type RelayMessage = z.infer<typeof relayMessageSchema>;

const sentences: Record<RefusalCode, string> = {
  versionUnsupported: 'This room runs another version of Sidetone. Update the older of the two.',
  nicknameTaken: 'Somebody in this room already has that nickname. Choose another one.',
  nicknameInvalid: 'That nickname cannot be used: give 1 to 32 visible characters.',
  roomFull: 'This room is full. Try again when somebody has left.',
  unknownChannel: 'That channel does not exist any more.',
  helloExpected: 'The program at the other end spoke before it said hello.',
  alreadyGreeted: 'The program at the other end said hello twice.',
  badMessage: 'The relay got a message that it does not understand.',
  tooManyMessages: 'Too many messages in a short time; the relay hung up. Try again in a moment.',
  relayClosing: 'The host closed this room.',
};

/** The sentence a person reads for a refusal. */
export function refusalSentence(code: RefusalCode): string {
  return sentences[code];
}
