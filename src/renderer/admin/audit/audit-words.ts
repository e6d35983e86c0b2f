import type { AdminRoom, AuditLine } from '../../../contract/admin.ts';

/** Names of accounts in the log begin with this. */
const ACCOUNT = 'account:';

/** Who did it, by the name that says most to a reader: an account, somebody in the room, or the relay itself. */
export function actorText(by: string, members: AdminRoom['members']): string {
  if (by === '') return 'The relay';
  if (by.startsWith(ACCOUNT)) return by.slice(ACCOUNT.length);
  return nameOf(by, members);
}

/** What it was done to; somebody who is in the room is named. */
export function subjectText(line: Pick<AuditLine, 'subject'>, members: AdminRoom['members']): string {
  return line.subject.startsWith(ACCOUNT)
    ? line.subject.slice(ACCOUNT.length)
    : nameOf(line.subject, members);
}

function nameOf(identity: string, members: AdminRoom['members']): string {
  return members.find((member) => member.identity === identity)?.nickname ?? identity;
}

/** Joins what came now with what is known, the newest first, every line once. */
export function mergeLines(known: readonly AuditLine[], fresh: readonly AuditLine[]): readonly AuditLine[] {
  const byId = new Map([...known, ...fresh].map((line) => [line.id, line]));
  return [...byId.values()].sort((a, b) => b.id - a.id);
}
