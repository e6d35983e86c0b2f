import { type ReactElement, useEffect, useState } from 'react';
import type { AdminBan, AdminRoom } from '../../../contract/admin.ts';
import {
  banSeconds,
  banTerms,
  MAX_RANGE_LENGTH,
  rangeProblem,
  untilText,
} from '../../features/bans/ban-terms.ts';
import { ReasonField, TermField } from '../../features/people/moderation-forms.tsx';
import { sentenceOf } from '../../state/outcome.ts';
import { FormDialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { actorText, shortIdentity } from '../audit/audit-words.ts';
import { announce } from '../shell/announcer.tsx';
import { AskedProblem } from '../shell/asked-problem.tsx';
import { useDashboard } from '../state/dashboard.ts';
import { MAX_REASON } from '../state/limits.ts';
import { onAuditNews } from '../state/room-store.ts';
import { useAnswer } from '../state/use-answer.ts';
import { momentText } from '../state/words.ts';
import '../../features/roles/roles.css';

type Open = { readonly kind: 'range' } | { readonly kind: 'lift'; readonly ban: AdminBan };

/** Who a ban keeps out, in words. */
export function banSubject(ban: Pick<AdminBan, 'subject' | 'nickname'>): string {
  if (ban.subject.kind === 'range') return ban.subject.range;
  return ban.nickname === '' ? shortIdentity(ban.subject.identity) : ban.nickname;
}

/** Who is kept out, until when and why. */
export function BansScreen({ room }: { room: AdminRoom }): ReactElement {
  const { api } = useDashboard();
  const bans = useAnswer(() => api.bans());
  const [open, setOpen] = useState<Open | null>(null);
  const { ask } = bans;
  // Every ban and every lifting writes a line: somebody else's is seen here too.
  useEffect(() => onAuditNews(() => void ask()), [ask]);
  const done = (told: string): void => {
    announce(told);
    void bans.ask();
  };
  return (
    <>
      <div className="screen-actions">
        <p className="field-hint">
          Members are banned from their menu in the room. A range of addresses is banned here.
        </p>
        <button
          type="button"
          className="button"
          data-kind="danger"
          data-testid="ban-range"
          onClick={() => setOpen({ kind: 'range' })}
        >
          Ban an address range
        </button>
      </div>
      <AskedProblem asked={bans} />
      {bans.value?.length === 0 ? <p className="empty">Nobody is banned.</p> : null}
      {bans.value === null || bans.value.length === 0 ? null : (
        <ul className="rule-rows">
          {bans.value.map((ban) => (
            <BanRow
              key={ban.id}
              ban={ban}
              by={actorText(ban.by, room.members)}
              onLift={() => setOpen({ kind: 'lift', ban })}
            />
          ))}
        </ul>
      )}
      {open?.kind === 'range' ? <RangeBan onClose={() => setOpen(null)} onDone={done} /> : null}
      {open?.kind === 'lift' ? <LiftBan ban={open.ban} onClose={() => setOpen(null)} onDone={done} /> : null}
    </>
  );
}

function BanRow(props: { ban: AdminBan; by: string; onLift: () => void }): ReactElement {
  const { ban, by, onLift } = props;
  const subject = banSubject(ban);
  const { kind } = ban.subject;
  return (
    <li className="rule-row" data-testid="ban" data-subject={subject}>
      <div className="rule-text">
        <span>
          <bdi className="rule-name">{subject}</bdi>{' '}
          <span className="field-hint">{kind === 'identity' ? 'identity' : 'addresses'}</span>
        </span>
        <span className="field-hint">
          {untilText(ban.untilMs)}, by <bdi>{by}</bdi> on {momentText(ban.createdMs)}
          {ban.reason === '' ? '' : `: ${ban.reason}`}
        </span>
      </div>
      <button
        type="button"
        className="button"
        data-size="small"
        data-testid="unban"
        aria-label={`Lift the ban of ${subject}`}
        onClick={onLift}
      >
        Lift
      </button>
    </li>
  );
}

interface BanDialogProps {
  readonly onClose: () => void;
  readonly onDone: (told: string) => void;
}

function LiftBan({ ban, onClose, onDone }: BanDialogProps & { ban: AdminBan }): ReactElement {
  const { api } = useDashboard();
  const subject = banSubject(ban);
  return (
    <FormDialog
      title={`Lift the ban of ${subject}?`}
      testId="lift-dialog"
      submitLabel="Lift"
      onClose={onClose}
      onSubmit={async () => {
        const sentence = await sentenceOf(api.unban(ban.id));
        if (sentence === '') onDone(`The ban of ${subject} is lifted.`);
        return sentence;
      }}
    >
      <p>They can come back at once.</p>
    </FormDialog>
  );
}

function RangeBan({ onClose, onDone }: BanDialogProps): ReactElement {
  const { api } = useDashboard();
  const [range, setRange] = useState('');
  const [term, setTerm] = useState<string>(banTerms[0].value);
  const [reason, setReason] = useState('');
  return (
    <FormDialog
      title="Ban an address range"
      testId="range-dialog"
      submitLabel="Ban"
      danger
      onClose={onClose}
      blocked={rangeProblem(range)}
      onSubmit={async () => {
        const subject = { kind: 'range', range: range.trim() } as const;
        const sentence = await sentenceOf(
          api.ban({ subject, reason: reason.trim(), seconds: banSeconds(term) }),
        );
        if (sentence === '') onDone(`${range.trim()} is banned.`);
        return sentence;
      }}
    >
      <TextField
        label="Range"
        value={range}
        onChange={setRange}
        testId="range"
        maxLength={MAX_RANGE_LENGTH}
        placeholder="203.0.113.0/24"
        hint="Everybody whose address lies in it is kept out."
      />
      <TermField term={term} onChange={setTerm} />
      <ReasonField reason={reason} onChange={setReason} maxLength={MAX_REASON} />
    </FormDialog>
  );
}
