import { z } from 'zod';

/**
 * What the listener page and the gateways say to each other: texts of `/ws` as the page needs them (it is one client
 * of many; the format is in docs/gateways.md), and the list of what is on.
 */

/** Bytes before the Opus packet in a binary message: sequence u32, time in microseconds u64, channels u8, length u16. */
export const FRAME_HEADER_BYTES = 15;

const shortText = z.string().max(1_024);

/** Longest list of channels that is shown. */
export const MAX_LISTED_CHANNELS = 200;

const welcomeSchema = z.object({
  type: z.literal('welcome'),
  accepted: z.literal(true),
  channel: shortText,
  name: shortText,
  talk: z.boolean(),
});

const refusalSchema = z.object({
  type: z.literal('welcome'),
  accepted: z.literal(false),
  error: shortText,
  code: z.string().max(64),
  retryAfterSeconds: z.number().optional(),
});

const metaSchema = z.object({
  type: z.literal('meta'),
  source: shortText,
  tags: z.record(z.string(), z.string()),
  bitrate: z.number().optional(),
  channels: z.number(),
});

const publisherSchema = z.object({ type: z.literal('publisher'), action: z.enum(['start', 'stop']) });

const errorSchema = z.object({ type: z.literal('error'), code: z.string().max(64), message: shortText });

/** Every text that the page understands; it passes over others. */
export const listenerTextSchema = z.union([
  welcomeSchema,
  refusalSchema,
  metaSchema,
  publisherSchema,
  errorSchema,
]);
export type ListenerText = z.infer<typeof listenerTextSchema>;

/** A public channel, and what is on in it. */
const listedChannelSchema = z.object({
  slug: shortText,
  name: shortText,
  /** Null: nothing is on. */
  source: shortText.nullable(),
  title: shortText,
});

/** Answer to `GET /listen/channels.json`. */
export const channelListSchema = z.object({
  channels: z.array(listedChannelSchema).max(MAX_LISTED_CHANNELS),
});
export type ChannelList = z.infer<typeof channelListSchema>;
