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

/** Messages that a client sends because of what others do: keys when they enter and leave, receipts when they write, what is lost when they talk; and the rest of a long member list. */
export function isReaction(message: ClientMessage): boolean {
  switch (message.type) {
    case 'keyPackage':
    case 'commit':
    case 'whisperKey':
    case 'chatSeen':
    case 'hearing':
    case 'listMembers':
      return true;
    default:
      return false;
  }
}
