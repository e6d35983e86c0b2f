import type {
  AdminBan,
  AdminChannel,
  AdminEvent,
  AdminMember,
  AdminRole,
  AdminRoom,
  AuditLine,
} from '../../contract/admin.ts';
import { assertNever } from '../../core/base/assert.ts';
import type {
  AdminCommand,
  AdminMemberInfo,
  AdminNews,
  AdminView,
  AuditRow,
} from '../../core/relay/admin-port.ts';
import type { ChannelInfo } from '../../core/wire/channels.ts';
import { type Ban, requestSchema } from '../../core/wire/control.ts';
import { roomNameSchema } from '../../core/wire/fields.ts';
import type { Role } from '../../core/wire/roles.ts';
import { RequestRefused } from './problem.ts';

/** The room as the relay tells it, in the words of the admin API. */

/** Named one by one: what else a relay knows of a member, such as its key for whispers, is nobody's business here. */
export function toMember(member: AdminMemberInfo): AdminMember {
  const { token, identity, nickname, channel, role, bot, listeners } = member;
  const { muted, deafened, mutedForAll, reconnecting } = member;
  return {
    token,
    identity,
    nickname,
    channel,
    role,
    muted,
    deafened,
    mutedForAll,
    reconnecting,
    bot,
    listeners,
  };
}

export function toChannel({ id, parent, name, locked, config }: ChannelInfo): AdminChannel {
  return { id, parent, name, locked, config };
}

export function toRole({ id, name, rank, permissions }: Role): AdminRole {
  return { id, name, rank, permissions: [...permissions] };
}

export function toRoom(view: AdminView): AdminRoom {
  return {
    name: view.roomName,
    maxMembers: view.maxMembers,
    channels: view.channels.map(toChannel),
    members: view.members.map(toMember),
    roles: view.roles.map(toRole),
  };
}

/** Null: a ban by address, which a relay turns into one of a range before it keeps it. */
export function toBan({ id, subject, nickname, reason, by, createdMs, untilMs }: Ban): AdminBan | null {
  return subject.kind === 'addressOf' ? null : { id, subject, nickname, reason, by, createdMs, untilMs };
}

export function toLine({ id, atMs, by, action, subject, reason }: AuditRow): AuditLine {
  return { id, atMs, by, action, subject, reason };
}

export function toEvent(news: AdminNews): AdminEvent {
  switch (news.type) {
    case 'member':
      return { type: 'member', member: toMember(news.member) };
    case 'memberLeft':
      return { type: 'memberLeft', token: news.token };
    case 'channel':
      return { type: 'channel', channel: toChannel(news.channel) };
    case 'channelRemoved':
      return { type: 'channelRemoved', channel: news.channel };
    case 'roles':
      return { type: 'roles', roles: news.roles.map(toRole) };
    case 'config':
      return { type: 'config', config: { name: news.roomName, maxMembers: news.maxMembers } };
    case 'audit':
      return { type: 'audit' };
    default:
      return assertNever(news);
  }
}

/** A command that members could send as well, by the schema that theirs have to meet. */
type MemberCommand = Exclude<
  AdminCommand,
  { kind: 'setListeners' | 'configure' | 'admitBots' | 'dismissBots' }
>;

/** Checks a command before it is sent to the relay: names are trimmed, and have nothing in them that cannot be shown. */
export function checkCommand(command: MemberCommand): AdminCommand {
  const parsed = requestSchema.safeParse(command);
  // The schema gives back the kind it was given.
  if (parsed.success && parsed.data.kind === command.kind) return parsed.data as MemberCommand;
  const issue = parsed.error?.issues[0];
  throw unusable(issue?.path.join('.') ?? '', issue?.message ?? '');
}

export function checkConfig(name: string, maxMembers: number): AdminCommand {
  const parsed = roomNameSchema.safeParse(name);
  if (!parsed.success) throw unusable('name', parsed.error.issues[0]?.message ?? '');
  return { kind: 'configure', name: parsed.data, maxMembers };
}

/** `where` is a path into the request, `why` what a schema says of it; neither repeats what was sent. */
export function unusable(where: string, why: string): RequestRefused {
  const place = where === '' ? '' : ` (${where})`;
  return new RequestRefused(400, 'badRequest', `The request is not one that can be used${place}: ${why}.`);
}
