import { z } from 'zod';
import { roomNameSchema, u32Schema } from './fields.ts';

/** Most channels one relay announces: with a full member list, and every name in three-byte characters, a welcome fits. */
export const MAX_CHANNELS = 64;

/** Deepest nesting, the top level being 1: deeper trees nobody finds their way in. */
export const MAX_CHANNEL_DEPTH = 5;

/** Most members of one channel: they share keys, and one member's commit must fit a message with a leaf for each. */
export const MAX_CHANNEL_MEMBERS = 200;

/** Most members one relay admits: what one thread keeps connected, and a client can list. */
export const MAX_ROOM_MEMBERS = 5_000;

/** Longest time chat is kept for those who come later, in days. */
export const MAX_HISTORY_DAYS = 365;

/**
 * What the relay dictates in a channel: to every encoder (bitrate in bit/s as Opus counts them, frame length in
 * samples at 48 kHz, redundant copies), and who may do what (role ids: at least that role's rank).
 */
export const channelConfigSchema = z.strictObject({
  bitrate: z.number().int().min(6_000).max(510_000),
  frameSamples: z.union([z.literal(480), z.literal(960), z.literal(1920), z.literal(2880)]),
  redundancyCopies: z.number().int().min(0).max(2),
  maxMembers: z.number().int().min(1).max(MAX_CHANNEL_MEMBERS),
  /** Gateways may stand in the channel as a member named "Listeners" and hold keys. */
  listeners: z.boolean(),
  enterRole: u32Schema,
  speakRole: u32Schema,
  whisperRole: u32Schema,
  manageRole: u32Schema,
  /** Days chat is kept and shown to those who come later; 0: not kept. */
  historyDays: z.number().int().min(0).max(MAX_HISTORY_DAYS),
});
export type ChannelConfig = z.infer<typeof channelConfigSchema>;

export const channelSchema = z.strictObject({
  id: u32Schema,
  /** The channel it lies in; null: top level. */
  parent: u32Schema.nullable(),
  name: roomNameSchema,
  /** It has a password. */
  locked: z.boolean(),
  config: channelConfigSchema,
});
export type ChannelInfo = z.infer<typeof channelSchema>;
