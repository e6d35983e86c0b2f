import { type FormEvent, type ReactElement, useCallback, useEffect, useState } from 'react';
import type { Ban } from '../../../contract/room.ts';
import { failureSentence, sentenceOf } from '../../state/outcome.ts';
import { useProgram } from '../../state/program.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { FieldError, TextField } from '../../ui/field.tsx';
import { ReasonField, TermField } from '../people/moderation-forms.tsx';
import { banSeconds, banTerms, MAX_RANGE_LENGTH, rangeProblem, untilText } from './ban-terms.ts';
import '../roles/roles.css';

/** Who is kept out, until when and why; lets them in again, keeps others out by address. */
export function BansDialog({ onClose }: { onClose: () => void }): ReactElement {
  const { api } = useProgram();
  const [bans, setBans] = useState<readonly Ban[] | null>(null);
  const [error, setError] = useState('');
  const [adding, setAdding] = useState(false);
  const ask = useCallback(async (): Promise<void> => {
    try {
      const answer = await api.listBans();
      if (answer.ok) setBans(answer.bans);
      else setError(answer.sentence);
    } catch (failure) {
      setError(failureSentence(failure));
    }
  }, [api]);
  useEffect(() => void ask(), [ask]);
  const lift = async (ban: Ban): Promise<void> => {
    const sentence = await sentenceOf(api.unban({ ban: ban.id }));
    setError(sentence);
    if (sentence === '') await ask();
  };
  if (adding)
    return (
      <Dialog title="Ban an address range" testId="bans-dialog" onClose={onClose}>
        <RangeForm
          onDone={() => {
            setAdding(false);
            void ask();
          }}
        />
      </Dialog>
    );
  return (
    <Dialog title="Bans" testId="bans-dialog" onClose={onClose} wide>
      <div className="dialog-body scrolls">
        {bans?.length === 0 ? <p className="field-hint">Nobody is banned.</p> : null}
        {bans === null || bans.length === 0 ? null : (
          <ul className="rule-rows">
            {bans.map((ban) => (
              <li key={ban.id} className="rule-row" data-testid="ban" data-subject={ban.subject}>
                <div className="rule-text">
                  <span>
                    <bdi className="rule-name">{ban.subject}</bdi>{' '}
                    <span className="field-hint">{ban.kind === 'identity' ? 'identity' : 'addresses'}</span>
                  </span>
                  <span className="field-hint">
                    {untilText(ban.untilMs)}, by <bdi>{ban.by}</bdi>
                    {ban.reason === '' ? '' : `: ${ban.reason}`}
                  </span>
                </div>
                <button
                  type="button"
                  className="button"
                  data-size="small"
                  data-testid="unban"
                  aria-label={`Lift the ban of ${ban.subject}`}
                  onClick={() => void lift(ban)}
                >
                  Lift
                </button>
              </li>
            ))}
          </ul>
        )}
        <FieldError sentence={error} testId="ban-error" />
      </div>
      <div className="dialog-actions">
        <button
          type="button"
          className="button"
          data-kind="danger"
          data-testid="ban-range"
          onClick={() => setAdding(true)}
        >
          Ban an address range
        </button>
      </div>
    </Dialog>
  );
}

function RangeForm({ onDone }: { onDone: () => void }): ReactElement {
  const { api } = useProgram();
  const [range, setRange] = useState('');
  const [term, setTerm] = useState<string>(banTerms[0].value);
  const [reason, setReason] = useState('');
  const [error, setError] = useState('');
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const problem = rangeProblem(range);
    if (problem !== '') return setError(problem);
    const sentence = await sentenceOf(
      api.banRange({ range: range.trim(), reason: reason.trim(), seconds: banSeconds(term) }),
    );
    if (sentence === '') onDone();
    else setError(sentence);
  };
  return (
    <form className="dialog-form" noValidate onSubmit={(event) => void submit(event)}>
      <div className="dialog-body scrolls">
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
        <ReasonField reason={reason} onChange={setReason} />
      </div>
      <FieldError sentence={error} testId="range-error" />
      <div className="dialog-actions">
        <button type="button" className="button" data-testid="range-back" onClick={onDone}>
          Back
        </button>
        <button type="submit" className="button" data-kind="danger" data-testid="range-ban">
          Ban
        </button>
      </div>
    </form>
  );
}
