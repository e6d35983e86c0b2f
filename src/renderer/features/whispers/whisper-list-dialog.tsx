import { type ReactElement, useState } from 'react';
import type { Member, WhisperList } from '../../../contract/dto.ts';
import { MAX_NAME_TEXT_LENGTH, MAX_WHISPER_LIST_MEMBERS } from '../../../contract/limits.ts';
import { sentenceOf } from '../../state/outcome.ts';
import { useProgram } from '../../state/program.ts';
import { FormDialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';

interface WhisperListDialogProps {
  /** The one to change; null: a new one. */
  readonly list: WhisperList | null;
  readonly members: readonly Member[];
  readonly onClose: () => void;
}

/** Characters of an identity that tell one absent person from another. */
const SHORT_IDENTITY = 8;

/** Who is on a whisper list; people who are not here stay on it. */
export function WhisperListDialog({ list, members, onClose }: WhisperListDialogProps): ReactElement {
  const { api } = useProgram();
  const [name, setName] = useState(list?.name ?? '');
  const [targets, setTargets] = useState<readonly string[]>(list?.targets ?? []);
  const others = members.filter((member) => !member.self && !member.listeners);
  const away = (list?.targets ?? []).filter((one) => others.every((member) => member.identity !== one));
  const people = [
    ...others.map(({ identity, nickname }) => ({ identity, label: nickname })),
    ...away.map((identity) => ({ identity, label: `Not here now (${identity.slice(0, SHORT_IDENTITY)}…)` })),
  ];
  const choose = (identity: string, chosen: boolean): void =>
    setTargets([...targets.filter((one) => one !== identity), ...(chosen ? [identity] : [])]);
  const problems = [
    name.trim() === '' ? 'A list needs a name.' : '',
    targets.length === 0 ? 'Choose at least one person.' : '',
    targets.length > MAX_WHISPER_LIST_MEMBERS
      ? `A list takes ${MAX_WHISPER_LIST_MEMBERS} people at most.`
      : '',
  ];
  return (
    <FormDialog
      title={list === null ? 'New whisper list' : `Edit ${list.name}`}
      testId="whisper-list-dialog"
      submitLabel="Save"
      onClose={onClose}
      blocked={problems.find((problem) => problem !== '') ?? ''}
      onSubmit={() =>
        sentenceOf(api.saveWhisperList({ list: list?.id ?? null, name: name.trim(), targets: [...targets] }))
      }
    >
      <TextField
        label="Name"
        value={name}
        onChange={setName}
        testId="whisper-list-name"
        maxLength={MAX_NAME_TEXT_LENGTH}
      />
      <fieldset className="dialog-group">
        <legend className="engraved">Who hears it</legend>
        {people.length === 0 ? <p className="field-hint">Nobody else is here.</p> : null}
        <ul className="checks">
          {people.map(({ identity, label }) => (
            <li key={identity}>
              <label className="check">
                <input
                  type="checkbox"
                  data-testid="whisper-list-person"
                  checked={targets.includes(identity)}
                  onChange={(event) => choose(identity, event.target.checked)}
                />
                <bdi>{label}</bdi>
              </label>
            </li>
          ))}
        </ul>
      </fieldset>
    </FormDialog>
  );
}
