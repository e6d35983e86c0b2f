import { type ReactElement, useState } from 'react';
import type { ListeningState, SaveListening } from '../../../contract/admin.ts';
import { MAX_SECRET_TEXT_LENGTH } from '../../../contract/limits.ts';
import { LISTENERS_SWITCH_HINT } from '../../features/room/listeners.ts';
import { FormDialog } from '../../ui/dialog.tsx';
import { SwitchField, TextField } from '../../ui/field.tsx';
import { SegmentField } from '../../ui/segment-field.tsx';
import {
  accessChoices,
  accessHints,
  changeOf,
  draftOf,
  draftProblem,
  type ListeningDraft,
  limitProblem,
  passwordProblem,
  sourceChoices,
  sourceHints,
} from './listening-words.ts';

interface ListeningDialogProps {
  readonly name: string;
  /** As it stands when the dialog opens: who listens meanwhile must not empty what is being filled in. */
  readonly state: ListeningState;
  readonly onClose: () => void;
  /** Answers with what is wrong, or with an empty text. */
  readonly onSave: (change: SaveListening) => Promise<string>;
}

/** Asks for everything about listening to one channel. */
export function ListeningDialog({ name, state, onClose, onSave }: ListeningDialogProps): ReactElement {
  // Whoever opens this for a channel that is closed wants it open.
  const [draft, setDraft] = useState(() => ({ ...draftOf(state), listeners: true }));
  const change = (part: Partial<ListeningDraft>): void => setDraft({ ...draft, ...part });
  return (
    <FormDialog
      title={`Listening to ${name}`}
      testId="listening-dialog"
      submitLabel="Save"
      onClose={onClose}
      blocked={draftProblem(draft, state.hasPassword)}
      onSubmit={() => onSave(changeOf(state, draft))}
    >
      <SwitchField
        label="Open to listeners"
        hint={LISTENERS_SWITCH_HINT}
        on={draft.listeners}
        onChange={(listeners) => change({ listeners })}
        testId="listening-switch"
      />
      <SourceFields draft={draft} change={change} />
      <AccessFields draft={draft} hasPassword={state.hasPassword} change={change} />
    </FormDialog>
  );
}

interface FieldsProps {
  readonly draft: ListeningDraft;
  readonly change: (part: Partial<ListeningDraft>) => void;
}

function SourceFields({ draft, change }: FieldsProps): ReactElement {
  const { source } = draft;
  return (
    <fieldset className="dialog-group">
      <legend className="engraved">What is heard</legend>
      <SegmentField
        label="Source"
        hint={sourceHints[source]}
        value={source}
        choices={sourceChoices}
        // A publisher's channel without one would stay silent.
        onChange={(chosen) => change({ source: chosen, publish: chosen === 'publisher' || draft.publish })}
        testId="listening-source"
      />
      {source === 'publisher' ? (
        <SwitchField
          label="Somebody may publish"
          hint="Whoever has the publisher’s key may send. Switched off, the key is worth nothing any more; switched on again, there is another."
          on={draft.publish}
          onChange={(publish) => change({ publish })}
          testId="listening-publish"
        />
      ) : null}
      <SwitchField
        label="Listeners may talk"
        hint="One at a time, through the listener page; everybody in the channel hears them as “Listeners”."
        on={draft.talk}
        onChange={(talk) => change({ talk })}
        testId="listening-talk"
      />
    </fieldset>
  );
}

function AccessFields({ draft, hasPassword, change }: FieldsProps & { hasPassword: boolean }): ReactElement {
  const { access, password, maxListeners } = draft;
  // What is not typed yet is no mistake; it is told when the dialog is sent off.
  const problem = password === '' ? '' : passwordProblem(draft, hasPassword);
  return (
    <fieldset className="dialog-group">
      <legend className="engraved">Who may listen</legend>
      <SegmentField
        label="Access"
        hint={accessHints[access]}
        value={access}
        choices={accessChoices}
        onChange={(chosen) => change({ access: chosen })}
        testId="listening-access"
      />
      {access === 'password' ? (
        <TextField
          label={hasPassword ? 'Another password' : 'Password'}
          value={password}
          onChange={(text) => change({ password: text })}
          testId="listening-password"
          maxLength={MAX_SECRET_TEXT_LENGTH}
          secret
          error={problem}
          placeholder={hasPassword ? 'Left empty, it stays as it is' : ''}
        />
      ) : null}
      <TextField
        label="Listeners at a time"
        value={maxListeners}
        onChange={(text) => change({ maxListeners: text })}
        testId="listening-limit"
        numeric
        error={limitProblem(draft)}
      />
    </fieldset>
  );
}
