import { z } from 'zod';
import { MAX_MEMBER_VOLUME } from './limits.ts';

/** A sentence with the rule that says no, or empty: allowed. The answer to "why can't I?". */
const ruleText = z.string();

/** What a person in the room holds of the channel's keys, as this program's own key group says, not the relay. */
export const keyStateSchema = z.enum(['sealed', 'waiting', 'noKey', 'elsewhere']);
export type KeyState = z.infer<typeof keyStateSchema>;

export const memberSchema = z.strictObject({
  token: z.number().int(),
  identity: z.string(),
  nickname: z.string(),
  self: z.boolean(),
  /** No person: through this member people outside of the room hear its channel. */
  listeners: z.boolean(),
  channel: z.number().int().nullable(),
  role: z.number().int(),
  roleName: z.string(),
  talking: z.boolean(),
  /** Talks to us alone, or to a list we are on. */
  whispering: z.boolean(),
  muted: z.boolean(),
  deafened: z.boolean(),
  mutedForAll: z.boolean(),
  /** Muted by us, for us. */
  mutedHere: z.boolean(),
  reconnecting: z.boolean(),
  volume: z.number().min(0).max(MAX_MEMBER_VOLUME),
  /** `elsewhere`: not in our channel, so there is nothing to hold. */
  keys: keyStateSchema,
  /** 12 groups of five digits, the same on both sides; empty for oneself. */
  safetyCode: z.string(),
  verified: z.boolean(),
  rules: z.strictObject({
    move: ruleText,
    mute: ruleText,
    kick: ruleText,
    ban: ruleText,
    assignRole: ruleText,
    whisper: ruleText,
  }),
});
export type Member = z.infer<typeof memberSchema>;

export const permissionSchema = z.enum(['move', 'mute', 'kick', 'ban', 'channels', 'roles']);
export type Permission = z.infer<typeof permissionSchema>;

export const roleSchema = z.strictObject({
  id: z.number().int(),
  name: z.string(),
  rank: z.number().int(),
  permissions: z.array(permissionSchema),
  /** Comes with every room; cannot be changed. */
  builtIn: z.boolean(),
});
export type Role = z.infer<typeof roleSchema>;

/** As the relay knows it; roles are ids. Bitrate in bit/s, frames in samples at 48 kHz. */
export const channelConfigSchema = z.strictObject({
  bitrate: z.number().int().min(6_000).max(510_000),
  frameSamples: z.union([z.literal(480), z.literal(960), z.literal(1920), z.literal(2880)]),
  redundancyCopies: z.number().int().min(0).max(2),
  maxMembers: z.number().int().min(1).max(200),
  listeners: z.boolean(),
  enterRole: z.number().int(),
  speakRole: z.number().int(),
  whisperRole: z.number().int(),
  manageRole: z.number().int(),
  historyDays: z.number().int().min(0).max(365),
});
export type ChannelConfig = z.infer<typeof channelConfigSchema>;

export const channelSchema = z.strictObject({
  id: z.number().int(),
  parent: z.number().int().nullable(),
  /** Nesting, 0 at the top level. Channels come in tree order. */
  depth: z.number().int(),
  name: z.string(),
  locked: z.boolean(),
  /** Members land here; it cannot be removed. */
  landing: z.boolean(),
  config: channelConfigSchema,
  rules: z.strictObject({ enter: ruleText, speak: ruleText, whisper: ruleText, manage: ruleText }),
});
export type Channel = z.infer<typeof channelSchema>;

export const banSchema = z.strictObject({
  id: z.number().int(),
  kind: z.enum(['identity', 'range']),
  /** Nickname at the time, or the range. */
  subject: z.string(),
  reason: z.string(),
  by: z.string(),
  createdMs: z.number(),
  untilMs: z.number().nullable(),
});
export type Ban = z.infer<typeof banSchema>;

/** Who a whisper goes to: one person, a list of ours, or whoever whispered to us last. */
export const whisperTargetSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('member'), token: z.number().int() }),
  z.strictObject({ kind: z.literal('list'), list: z.number().int() }),
  z.strictObject({ kind: z.literal('reply') }),
]);
export type WhisperTarget = z.infer<typeof whisperTargetSchema>;
