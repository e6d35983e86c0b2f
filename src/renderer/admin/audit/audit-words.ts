import type { AdminRoom, AuditLine } from '../../../contract/admin.ts';

/** Names of accounts in the log begin with this. */
const ACCOUNT = 'account:';

/** Who did it, by the name that says most to a reader: an account, somebody in the room, or the relay itself. */
export function actorText(by: string, members: AdminRoom['members']): string {
  if (by === '') return 'The relay';
  if (by.startsWith(ACCOUNT)) return by.slice(ACCOUNT.length);
  return nameOf(by, members);
}

/** What was done, in words: names of actions are one word to programs. */
export function actionText(action: string): string {
  const words = action
    .replace(/[._-]/gu, ' ')
    .replace(/(?<=\p{Ll})\p{Lu}/gu, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What it was done to: channels, roles and whoever is in the room are named. */
export function subjectText(
  line: Pick<AuditLine, 'action' | 'subject'>,
  room: Pick<AdminRoom, 'members' | 'channels' | 'roles'>,
): string {
  const { action, subject } = line;
  if (subject.startsWith(ACCOUNT)) return subject.slice(ACCOUNT.length);
  const named = /channel|listen|publish/iu.test(action)
    ? room.channels
    : /role$/iu.test(action)
      ? room.roles
      : [];
  const known = named.find(({ id }) => String(id) === subject);
  return known?.name ?? nameOf(subject, room.members);
}

/** An identity is 43 letters and digits; so many of them tell one from another. */
const SHOWN_LETTERS = 12;

export function shortIdentity(identity: string): string {
  return identity.length > 2 * SHOWN_LETTERS ? `${identity.slice(0, SHOWN_LETTERS)}…` : identity;
}

function nameOf(identity: string, members: AdminRoom['members']): string {
  return members.find((member) => member.identity === identity)?.nickname ?? shortIdentity(identity);
}

/** Joins what came now with what is known, the newest first, every line once. */
export function mergeLines(known: readonly AuditLine[], fresh: readonly AuditLine[]): readonly AuditLine[] {
  const byId = new Map([...known, ...fresh].map((line) => [line.id, line]));
  return [...byId.values()].sort((a, b) => b.id - a.id);
}
