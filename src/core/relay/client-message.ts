import {
  type ClientMessage,
  clientMessageSchema,
  MAX_CONTROL_LENGTH,
  MAX_LANE_MESSAGE_BYTES,
} from '../wire/control.ts';

/** A message, or null for anything that is none. Only a commit may be longer than MAX_CONTROL_LENGTH. */
export function parseClientMessage(text: string): ClientMessage | null {
  if (text.length > MAX_LANE_MESSAGE_BYTES) return null;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const result = clientMessageSchema.safeParse(json);
  if (!result.success) return null;
  return text.length > MAX_CONTROL_LENGTH && result.data.type !== 'commit' ? null : result.data;
}

/** Messages of the key exchange: they come when others enter and leave, not when this member does something. */
export function isKeyMessage(message: ClientMessage): boolean {
  return message.type === 'keyPackage' || message.type === 'commit' || message.type === 'whisperKey';
}
