import { MAX_LANE_MESSAGE_BYTES, type RelayMessage, relayMessageSchema } from '../wire/control.ts';

/**
 * Reads one text message of a relay. The limit is that of the longest kind: a welcome to a full room, with every
 * member's keys, is longer than MAX_CONTROL_LENGTH too.
 *
 * @returns null for anything that is none
 */
export function parseRelayMessage(text: string): RelayMessage | null {
  if (text.length > MAX_LANE_MESSAGE_BYTES) return null;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const result = relayMessageSchema.safeParse(json);
  return result.success ? result.data : null;
}
