import { type ReactElement, useCallback, useEffect, useState } from 'react';
import type { AdminRoom, AuditLine } from '../../../contract/admin.ts';
import { FieldError } from '../../ui/field.tsx';
import { AUDIT_PAGE } from '../api/admin-api.ts';
import { announce } from '../shell/announcer.tsx';
import { useDashboard } from '../state/dashboard.ts';
import { onAuditNews } from '../state/room-store.ts';
import { momentText } from '../state/words.ts';
import { actionText, actorText, mergeLines, subjectText } from './audit-words.ts';

/** Who did what, the newest first; new lines appear by themselves, older ones when they are asked for. */
export function AuditScreen({ room }: { room: AdminRoom }): ReactElement {
  const { api } = useDashboard();
  const [lines, setLines] = useState<readonly AuditLine[] | null>(null);
  const [complete, setComplete] = useState(false);
  const [error, setError] = useState('');
  const ask = useCallback(
    async (before: number | null): Promise<void> => {
      const answer = await api.audit(before);
      setError(answer.ok ? '' : answer.sentence);
      if (!answer.ok) return;
      setLines((known) => mergeLines(known ?? [], answer.value));
      // A page that is not full is the last; what is new says nothing about that.
      if (answer.value.length < AUDIT_PAGE) setComplete(true);
      if (before !== null) announce(`${answer.value.length} older lines are shown.`);
    },
    [api],
  );
  useEffect(() => {
    void ask(null);
    return onAuditNews(() => void ask(null));
  }, [ask]);
  const oldest = lines?.at(-1)?.id ?? null;
  return (
    <>
      <FieldError sentence={error} testId="audit-error" />
      {lines?.length === 0 ? <p className="empty">Nothing is written down yet.</p> : null}
      {lines === null || lines.length === 0 ? null : (
        <table className="table" data-testid="audit-table">
          <caption className="visually-hidden">Audit log, the newest first</caption>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Who</th>
              <th scope="col">What</th>
              <th scope="col">About</th>
              <th scope="col">Reason</th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <tr key={line.id} data-testid="audit-line" data-id={line.id}>
                <td className="table-when reading">{momentText(line.atMs)}</td>
                <td>
                  <bdi>{actorText(line.by, room.members)}</bdi>
                </td>
                <td>{actionText(line.action)}</td>
                <td title={line.subject}>
                  <bdi>{subjectText(line, room)}</bdi>
                </td>
                <td>{line.reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {lines === null || complete ? null : (
        <button
          type="button"
          className="button audit-older"
          data-testid="audit-older"
          onClick={() => void ask(oldest)}
        >
          Show older lines
        </button>
      )}
    </>
  );
}
