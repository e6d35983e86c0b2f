import { type ReactElement, useRef, useState } from 'react';
import { MAX_IDENTITY_TEXT_LENGTH, MAX_SECRET_TEXT_LENGTH } from '../../../contract/limits.ts';
import { failureSentence, sentenceOf } from '../../state/outcome.ts';
import { useProgram } from '../../state/program.ts';
import { copyText } from '../../ui/copy-text.ts';
import { Dialog, FormDialog } from '../../ui/dialog.tsx';
import { AreaField, SwitchField, TextField } from '../../ui/field.tsx';
import { Icon } from '../../ui/icons.tsx';
import { passphraseProblem } from './identity-words.ts';

/** Asks for a passphrase twice, then shows the identity as a text to take away. */
export function ExportIdentityDialog({ onClose }: { onClose: () => void }): ReactElement {
  const { api } = useProgram();
  const [first, setFirst] = useState('');
  const [second, setSecond] = useState('');
  const [text, setText] = useState('');
  if (text !== '') return <ExportedIdentity text={text} onClose={onClose} />;
  const submit = async (): Promise<string> => {
    try {
      const answer = await api.exportIdentity({ passphrase: first });
      if (!answer.ok) return answer.sentence;
      setText(answer.text);
      return '';
    } catch (failure) {
      return failureSentence(failure);
    }
  };
  return (
    <FormDialog
      title="Export your identity"
      testId="export-dialog"
      submitLabel="Export"
      onClose={onClose}
      staysOpen
      blocked={passphraseProblem(first, second)}
      onSubmit={submit}
    >
      <p>Choose a passphrase. Whoever has it and the exported text can be you in every room.</p>
      <TextField
        label="Passphrase"
        value={first}
        onChange={setFirst}
        testId="export-passphrase"
        maxLength={MAX_SECRET_TEXT_LENGTH}
        secret
      />
      <TextField
        label="The same again"
        value={second}
        onChange={setSecond}
        testId="export-passphrase-again"
        maxLength={MAX_SECRET_TEXT_LENGTH}
        secret
      />
    </FormDialog>
  );
}

function ExportedIdentity({ text, onClose }: { text: string; onClose: () => void }): ReactElement {
  const box = useRef<HTMLTextAreaElement>(null);
  const [told, setTold] = useState('');
  const copy = async (): Promise<void> => {
    if (box.current !== null) setTold((await copyText(box.current)) ? 'Copied' : 'Press Ctrl+C');
  };
  return (
    <Dialog title="Your identity" testId="export-dialog" onClose={onClose}>
      <div className="dialog-body scrolls">
        <p className="identity-warning">
          <Icon name="warning" size={16} />
          <span>
            Keep this like a key to your home. Import it on the other computer with the passphrase, and delete
            it where you put it meanwhile.
          </span>
        </p>
        <textarea
          ref={box}
          className="input area reading"
          rows={5}
          readOnly
          aria-label="Exported identity"
          value={text}
          data-testid="export-text"
        />
      </div>
      <div className="dialog-actions">
        <p className="visually-hidden" role="status">
          {told}
        </p>
        <button
          type="button"
          className="button"
          data-kind="primary"
          data-testid="export-copy"
          onClick={() => void copy()}
        >
          <Icon name={told === 'Copied' ? 'check' : 'copy'} />
          {told === '' ? 'Copy' : told}
        </button>
      </div>
    </Dialog>
  );
}

/** Takes an identity from another computer; the one that is here goes. */
export function ImportIdentityDialog({ onClose }: { onClose: () => void }): ReactElement {
  const { api } = useProgram();
  const [text, setText] = useState('');
  const [passphrase, setPassphrase] = useState('');
  const [sure, setSure] = useState(false);
  const problems = [
    text.trim() === '' ? 'Paste the exported text.' : '',
    passphrase === '' ? 'Type the passphrase it was exported with.' : '',
    sure ? '' : 'Confirm that the identity of this computer may be replaced.',
  ];
  return (
    <FormDialog
      title="Import an identity"
      testId="import-dialog"
      submitLabel="Replace and import"
      danger
      onClose={onClose}
      blocked={problems.find((problem) => problem !== '') ?? ''}
      onSubmit={() => sentenceOf(api.importIdentity({ text: text.trim(), passphrase }))}
    >
      <AreaField
        label="Exported text"
        value={text}
        onChange={setText}
        testId="import-text"
        maxLength={MAX_IDENTITY_TEXT_LENGTH}
      />
      <TextField
        label="Passphrase"
        value={passphrase}
        onChange={setPassphrase}
        testId="import-passphrase"
        maxLength={MAX_SECRET_TEXT_LENGTH}
        secret
      />
      <SwitchField
        label="Replace the identity of this computer"
        hint="Roles, verified marks and bans of the present one do not come along. Export it first if you may need it again."
        on={sure}
        onChange={setSure}
        testId="import-sure"
      />
    </FormDialog>
  );
}
