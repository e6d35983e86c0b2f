import { z } from 'zod';
import { base64UrlToBytes } from '../base/base64url.ts';

/** Longest nickname, in characters: fits a member row and a screen reader's patience. */
export const MAX_NICKNAME_LENGTH = 32;

/**
 * What the members are called that stand in channels for the gateways. Nobody else has that name, so a client knows
 * them by it: through such a member people hear the channel who are not in the room.
 */
export const LISTENERS_NICKNAME = 'Listeners';

/** Longest room, channel or role name, in characters. */
export const MAX_ROOM_NAME_LENGTH = 64;

/** Longest reason a moderator gives, in characters: a sentence or two in a dialog. */
export const MAX_REASON_LENGTH = 256;

/** Longest channel password, in characters: longer than any that people type, short enough to be hashed at once. */
export const MAX_PASSWORD_LENGTH = 128;

/**
 * Names must show something and cannot steer a terminal or a log: no control or bidi-override characters, and no
 * halves of surrogate pairs, which JSON would blow up to six bytes each.
 */
export function visibleText(maxLength: number): z.ZodString {
  return z
    .string()
    .trim()
    .min(1)
    .max(maxLength)
    .regex(
      /^[^\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]*$/u,
      'has characters that cannot be shown',
    );
}

/** A whole number that fits an unsigned field of 32 bits. */
export const u32Schema = z.number().int().min(0).max(0xffff_ffff);

/** Milliseconds since 1970, as a wall clock counts them. */
export const wallTimeMsSchema = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Exactly `lengthBytes` bytes in base64url without padding (RFC 4648, section 5), in their only spelling. */
export function bytesSchema(lengthBytes: number): z.ZodString {
  return z
    .string()
    .length(Math.ceil((lengthBytes * 4) / 3))
    .refine((text) => base64UrlToBytes(text) !== null, 'is not base64url');
}

/** Up to `maxBytes` bytes in base64url without padding. */
export function boundedBytesSchema(maxBytes: number): z.ZodString {
  return z
    .string()
    .min(1)
    .max(Math.ceil((maxBytes * 4) / 3))
    .regex(/^[A-Za-z0-9_-]*$/, 'is not base64url');
}

/** A nickname as the relay accepts it. */
export const nicknameSchema = visibleText(MAX_NICKNAME_LENGTH);

/** A room, channel or role name as the relay accepts it. */
export const roomNameSchema = visibleText(MAX_ROOM_NAME_LENGTH);

/** An Ed25519 public key (RFC 8032): who somebody is, on every relay. */
export const identitySchema = bytesSchema(32);

/** An Ed25519 signature (RFC 8032). */
export const signatureSchema = bytesSchema(64);

export const reasonSchema = z.union([z.literal(''), visibleText(MAX_REASON_LENGTH)]);
