import { type ReactElement, useEffect, useId, useRef, useState } from 'react';
import type { AppState } from '../../../contract/dto.ts';
import type { Outcome, SidetoneApi } from '../../../contract/ipc.ts';
import { perform, useProgram } from '../../state/program.ts';
import { copyText } from '../../ui/copy-text.ts';
import { FieldError, SelectField } from '../../ui/field.tsx';
import { Icon } from '../../ui/icons.tsx';
import './hosting.css';

/** How long the copy button says what it did, in ms. */
const COPIED_MS = 2_500;

type HostingOn = Extract<AppState['hosting'], { phase: 'on' }>;

interface HostingPanelProps {
  readonly hosting: HostingOn;
  /** Goes back into the own room after leaving it; null while in it. Answers with what is wrong, or an empty text. */
  readonly onReturn: ((link: string) => Promise<string>) | null;
}

/** The room one hosts: its invite link, the address in it, and its end. */
export function HostingPanel({ hosting, onReturn }: HostingPanelProps): ReactElement {
  const { api } = useProgram();
  const [error, setError] = useState('');
  const addresses = hosting.addresses.includes(hosting.address)
    ? hosting.addresses
    : [hosting.address, ...hosting.addresses];
  return (
    <section className="panel hosting" aria-labelledby="hosting-title">
      <div className="hosting-head">
        <h2 id="hosting-title">{onReturn === null ? 'You host this room' : 'Your room is still open'}</h2>
        <button
          type="button"
          className="button"
          data-size="small"
          data-testid="open-dashboard"
          onClick={() => void perform(openDashboard(api))}
        >
          Dashboard
        </button>
        <button
          type="button"
          className="button"
          data-kind="danger"
          data-size="small"
          data-testid="stop-hosting"
          onClick={() => void perform(api.stopHosting())}
        >
          Stop hosting
        </button>
      </div>
      <LinkField
        label="Invite link"
        link={hosting.inviteLink}
        testId="invite-link"
        copyTestId="copy-invite"
        copied="The invite link is on the clipboard."
      />
      {hosting.listening.map(({ channel, link }) => (
        <LinkField
          key={link}
          label={`Listening link of ${channel}`}
          link={link}
          testId="listening-link"
          copyTestId="copy-listening"
          copied={`The listening link of ${channel} is on the clipboard.`}
        />
      ))}
      <details className="hosting-more">
        <summary data-testid="hosting-more">
          <Icon name="chevron" size={16} />
          <span>
            Address <span className="reading">{hosting.address}</span>, port{' '}
            <span className="reading">{hosting.port}</span>
          </span>
        </summary>
        <SelectField
          label="Address in the link"
          value={hosting.address}
          choices={addresses.map((address) => ({ value: address, label: address }))}
          onChange={(address) => void perform(api.setInviteAddress({ address }))}
          testId="invite-address"
        />
      </details>
      {onReturn === null ? null : (
        <>
          <FieldError sentence={error} testId="return-error" />
          <button
            type="button"
            className="button"
            data-testid="return-to-room"
            onClick={() => void onReturn(hosting.inviteLink).then(setError)}
          >
            Go back into it
          </button>
        </>
      )}
    </section>
  );
}

/** In a new tab where this window is one itself; otherwise the program has opened the system's browser. */
async function openDashboard(api: Pick<SidetoneApi, 'openDashboard'>): Promise<Outcome> {
  const outcome = await api.openDashboard();
  if (!outcome.ok || outcome.link === null) return outcome;
  // Without a name, so that the tab cannot reach back into this window.
  window.open(outcome.link, '_blank', 'noopener');
  return { ok: true };
}

interface LinkFieldProps {
  readonly label: string;
  readonly link: string;
  readonly testId: string;
  readonly copyTestId: string;
  /** What is said when it was copied. */
  readonly copied: string;
}

/** A link to hand on, and the button that copies it. */
function LinkField({ label, link, testId, copyTestId, copied }: LinkFieldProps): ReactElement {
  const id = useId();
  const box = useRef<HTMLInputElement>(null);
  const [told, setTold] = useState('');
  useEffect(() => {
    if (told === '') return;
    const timer = setTimeout(() => setTold(''), COPIED_MS);
    return () => clearTimeout(timer);
  }, [told]);
  const copy = async (): Promise<void> => {
    if (box.current === null) return;
    setTold((await copyText(box.current)) ? 'Copied' : 'Press Ctrl+C');
  };
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      <div className="invite">
        <input
          id={id}
          ref={box}
          className="input reading"
          readOnly
          value={link}
          data-testid={testId}
          onFocus={(event) => event.target.select()}
        />
        <button
          type="button"
          className="button"
          data-kind="primary"
          data-testid={copyTestId}
          onClick={() => void copy()}
        >
          <Icon name={told === 'Copied' ? 'check' : 'copy'} />
          <span className="invite-action">{told === '' ? 'Copy' : told}</span>
        </button>
      </div>
      <p className="visually-hidden" role="status">
        {told === 'Copied' ? copied : told}
      </p>
    </div>
  );
}
