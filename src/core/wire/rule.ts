import { z } from 'zod';
import { assertNever } from '../base/assert.ts';
import { nicknameSchema, reasonSchema, roomNameSchema, wallTimeMsSchema } from './fields.ts';
import { permissionSchema } from './roles.ts';

/** What a channel asks a role for. */
export const channelActionSchema = z.enum(['enter', 'speak', 'whisper', 'manage']);
export type ChannelAction = z.infer<typeof channelActionSchema>;

/** The rule that said no: the answer to "why can't I?". Names are those the person sees. */
export const ruleSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('role'),
    action: channelActionSchema,
    channel: roomNameSchema,
    required: roomNameSchema,
    own: roomNameSchema,
  }),
  z.strictObject({ kind: z.literal('permission'), permission: permissionSchema, own: roomNameSchema }),
  z.strictObject({ kind: z.literal('rank'), target: z.string().max(64), own: roomNameSchema }),
  z.strictObject({ kind: z.literal('channelFull'), channel: roomNameSchema, limit: z.number().int() }),
  z.strictObject({ kind: z.literal('password'), channel: roomNameSchema, given: z.boolean() }),
  z.strictObject({ kind: z.literal('passwordWait'), seconds: z.number().int() }),
  z.strictObject({ kind: z.literal('mutedForAll'), by: z.union([z.literal(''), nicknameSchema]) }),
  z.strictObject({
    kind: z.literal('banned'),
    /** Null: for good. */
    untilMs: wallTimeMsSchema.nullable(),
    reason: reasonSchema,
  }),
]);
export type Rule = z.infer<typeof ruleSchema>;

const actionWords: Record<ChannelAction, string> = {
  enter: 'enter',
  speak: 'speak in',
  whisper: 'whisper to',
  manage: 'change',
};

const permissionWords: Record<z.infer<typeof permissionSchema>, string> = {
  move: 'move others to another channel',
  mute: 'mute others for everybody',
  kick: 'remove others from the room',
  ban: 'ban others',
  channels: 'add, change or remove channels',
  roles: 'give out roles',
};

function until(untilMs: number | null): string {
  // No clock in the core: an ISO date in UTC is the same for everybody and needs no locale.
  return untilMs === null ? 'for good' : `until ${isoMinute(untilMs)} UTC`;
}

/** `YYYY-MM-DD hh:mm` of a time since 1970, by the civil calendar (proleptic Gregorian). */
function isoMinute(wallMs: number): string {
  const minutes = Math.floor(wallMs / 60_000);
  const days = Math.floor(minutes / 1_440);
  // Days from civil, reversed: the era of 400 years begins on 1 March of year 0.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${year}-${two(month)}-${two(day)} ${two(Math.floor((minutes % 1_440) / 60))}:${two(minutes % 60)}`;
}

/** The sentence a person reads for a rule. */
export function ruleSentence(rule: Rule): string {
  switch (rule.kind) {
    case 'role':
      return `To ${actionWords[rule.action]} ${rule.channel} you need the role ${rule.required}; yours is ${rule.own}.`;
    case 'permission':
      return `Your role, ${rule.own}, does not allow you to ${permissionWords[rule.permission]}.`;
    case 'rank':
      return `${rule.target} has a role as high as yours (${rule.own}) or higher, so you cannot do that.`;
    case 'channelFull':
      return `${rule.channel} is full: it takes ${rule.limit} at a time.`;
    case 'password':
      return rule.given
        ? `That is not the password of ${rule.channel}.`
        : `${rule.channel} asks for a password.`;
    case 'passwordWait':
      return `Too many wrong passwords. Try again in ${rule.seconds} seconds.`;
    case 'mutedForAll':
      return rule.by === '' ? 'A moderator muted you for everybody.' : `${rule.by} muted you for everybody.`;
    case 'banned': {
      const why = rule.reason === '' ? '' : ` The reason given: ${rule.reason}`;
      return `You are banned from this room ${until(rule.untilMs)}.${why}`;
    }
    default:
      return assertNever(rule);
  }
}
