import { z } from 'zod';
import { assertNever } from '../base/assert.ts';
import { type Request, requestSchema } from '../wire/control.ts';
import { identitySchema, nicknameSchema, roomNameSchema, u32Schema } from '../wire/fields.ts';
import type { AdminActor, AdminCommand } from './admin-port.ts';
import { MAX_BOTS } from './bot-roster.ts';

/** Names of accounts stand where nicknames stand: as who laid a ban. */
const actorSchema = z.strictObject({ account: nicknameSchema, role: u32Schema });

/** Those that members cannot ask for. */
const ownSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('setListeners'), channel: u32Schema, listeners: z.boolean() }),
  z.strictObject({
    kind: z.literal('configure'),
    name: roomNameSchema,
    /** How many a room can have is asked at the desk, which has a sentence for it. */
    maxMembers: u32Schema.min(1),
  }),
  z.strictObject({
    kind: z.literal('admitBots'),
    identities: z.array(identitySchema).min(1).max(MAX_BOTS),
    channelName: roomNameSchema,
  }),
  z.strictObject({ kind: z.literal('dismissBots') }),
  z.strictObject({ kind: z.literal('admitListeners'), identity: identitySchema, channel: u32Schema }),
  z.strictObject({ kind: z.literal('dismissListeners'), identity: identitySchema }),
]);

/** The account, as the room takes it; null when it is none. */
export function parseAdminActor(actor: unknown): AdminActor | null {
  const parsed = actorSchema.safeParse(actor);
  return parsed.success ? parsed.data : null;
}

/**
 * The command, as the room takes it, or null. It is read by the same schemas as the members' requests, whoever has
 * checked it before: what it makes goes to every client, and a name that those do not take would cut them all off.
 */
export function parseAdminCommand(command: unknown): AdminCommand | null {
  const own = ownSchema.safeParse(command);
  if (own.success) return own.data;
  const request = requestSchema.safeParse(command);
  return request.success && isForAccounts(request.data) ? request.data : null;
}

function isForAccounts(request: Request): request is Extract<Request, AdminCommand> {
  switch (request.kind) {
    case 'move':
    case 'muteForAll':
    case 'kick':
    case 'ban':
    case 'unban':
    case 'createChannel':
    case 'changeChannel':
    case 'removeChannel':
    case 'saveRole':
    case 'removeRole':
    case 'assignRole':
      return true;
    case 'join':
    case 'listBans':
    case 'history':
    case 'whisperList':
      return false;
    default:
      return assertNever(request);
  }
}
