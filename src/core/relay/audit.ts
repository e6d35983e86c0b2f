import type { AuditEntry } from './relay-store.ts';

/**
 * One line of the audit log.
 *
 * @param by identity of the one who did it
 * @param subject identity, or the id of what it was done to
 */
export function auditEntry(
  atMs: number,
  by: string,
  action: string,
  subject: string | number,
  reason = '',
): AuditEntry {
  return { atMs, by, action, subject: String(subject), reason };
}
