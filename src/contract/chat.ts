import { z } from 'zod';

export const chatTargetSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('channel'), channel: z.number().int() }),
  z.strictObject({ kind: z.literal('member'), identity: z.string().max(64) }),
]);
export type ChatTarget = z.infer<typeof chatTargetSchema>;

/** A message as the window shows it. An entry sent again with the same `key` replaces the one before. */
export const chatEntrySchema = z.strictObject({
  /** Unique in its conversation and stable, also from pending to taken. */
  key: z.string(),
  /** Orders the entries; grows with time. */
  order: z.number(),
  own: z.boolean(),
  nickname: z.string(),
  identity: z.string(),
  /** Plain text: links are found and made safe by the window, never interpreted as markup. */
  text: z.string(),
  sentMs: z.number(),
  state: z.enum(['pending', 'delivered', 'failed']),
  /** Why it failed; empty otherwise. */
  problem: z.string(),
});
export type ChatEntry = z.infer<typeof chatEntrySchema>;

export const conversationSchema = z.strictObject({
  target: chatTargetSchema,
  /** Name of the channel or of the person. */
  title: z.string(),
  /** Oldest first; the newest MAX_SHOWN_CHATS. */
  entries: z.array(chatEntrySchema),
  /** There is older history at the relay that can be fetched. */
  more: z.boolean(),
});
export type Conversation = z.infer<typeof conversationSchema>;

/** A new or changed entry of one conversation. */
export const chatEventSchema = z.strictObject({
  target: chatTargetSchema,
  title: z.string(),
  entry: chatEntrySchema,
});
export type ChatEvent = z.infer<typeof chatEventSchema>;
