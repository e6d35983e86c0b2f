import { z } from 'zod';
import { identitySchema, nicknameSchema, u32Schema, wallTimeMsSchema } from './fields.ts';

/** Longest chat message, in bytes of UTF-8. */
export const MAX_CHAT_BYTES = 4_096;

/** Messages the relay keeps for one member who is away; then the oldest one's sender is told no. */
export const MAX_UNDELIVERED_CHATS = 500;

/** Messages of one answer to a request for history: half of them at their longest fit a control message. */
export const MAX_HISTORY_PAGE = 12;

/** Bytes of `text` as UTF-8; the core has no TextEncoder. Half of a surrogate pair counts as the three bytes of U+FFFD. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}

/** Text of a message: line breaks and tabs are part of it, other control and direction-overriding characters are not. */
export const chatTextSchema = z
  .string()
  .min(1)
  .max(MAX_CHAT_BYTES)
  .refine((text) => utf8Bytes(text) <= MAX_CHAT_BYTES, 'is longer than 4 KiB')
  .regex(/^(?:[\n\t]|[^\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069])*$/u)
  .regex(/\S/u);

/** Where a message goes: a channel, or one person (an identity, who may be away). */
export const chatTargetSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('channel'), channel: u32Schema }),
  z.strictObject({ kind: z.literal('member'), identity: identitySchema }),
]);
export type ChatTarget = z.infer<typeof chatTargetSchema>;

/** A message as the relay hands it on. `id` is the relay's, counts up by one per message over the relay's life. */
export const chatMessageSchema = z.strictObject({
  id: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  from: z.strictObject({ identity: identitySchema, nickname: nicknameSchema }),
  to: chatTargetSchema,
  text: chatTextSchema,
  sentMs: wallTimeMsSchema,
});
export type ChatMessage = z.infer<typeof chatMessageSchema>;
