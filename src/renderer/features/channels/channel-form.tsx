import { type ReactElement, useState } from 'react';
import { MAX_NAME_TEXT_LENGTH, MAX_SECRET_TEXT_LENGTH } from '../../../contract/limits.ts';
import type { ChannelConfig } from '../../../contract/room.ts';
import { FormDialog } from '../../ui/dialog.tsx';
import { SelectField, SwitchField, TextField } from '../../ui/field.tsx';
import { LISTENERS_SWITCH_HINT } from '../room/listeners.ts';
import { NO_MEMBER_LIMIT } from './channel-tree.ts';
import {
  bitrateChoices,
  frameChoices,
  MAX_HISTORY_DAYS,
  readFrameSamples,
  readWhole,
  redundancyChoices,
  retentionSentence,
} from './channel-words.ts';

/** A channel as it is filled in. Password left out: as it is; null: none. */
export interface ChannelDraft {
  readonly name: string;
  readonly config: ChannelConfig;
  readonly password?: string | null;
}

interface ChannelFormProps {
  readonly title: string;
  /** What stands there to begin with; a new channel has no name yet. */
  readonly name: string;
  readonly config: ChannelConfig;
  /** It has a password. */
  readonly locked: boolean;
  readonly submitLabel: string;
  readonly roles: readonly { readonly id: number; readonly name: string }[];
  readonly onClose: () => void;
  /** Carries it out; answers with what is wrong, or with an empty text. */
  readonly onSave: (draft: ChannelDraft) => Promise<string>;
  /** Asked right under the name. */
  readonly place?: ReactElement;
}

/** What becomes of the password: `undefined` keeps it, null takes it away. */
interface PasswordDraft {
  readonly text: string;
  readonly remove: boolean;
}

function passwordChange(draft: PasswordDraft): string | null | undefined {
  if (draft.text !== '') return draft.text;
  return draft.remove ? null : undefined;
}

/** Asks for all of a channel: its name, its sound, its door, its memory. */
export function ChannelForm(props: ChannelFormProps): ReactElement {
  const { roles, locked, onClose } = props;
  const [name, setName] = useState(props.name);
  const [config, setConfig] = useState(props.config);
  const [limit, setLimit] = useState(String(config.maxMembers));
  const [days, setDays] = useState(String(config.historyDays));
  const [password, setPassword] = useState<PasswordDraft>({ text: '', remove: false });
  const maxMembers = readWhole(limit, 1, NO_MEMBER_LIMIT);
  const historyDays = readWhole(days, 0, MAX_HISTORY_DAYS);
  const change = (part: Partial<ChannelConfig>): void => setConfig({ ...config, ...part });
  const submit = (): Promise<string> => {
    if (!maxMembers.ok || !historyDays.ok) return Promise.resolve('Look at the numbers once more.');
    const whole = { ...config, maxMembers: maxMembers.value, historyDays: historyDays.value };
    const changed = passwordChange(password);
    return props.onSave({
      name: name.trim(),
      config: whole,
      ...(changed === undefined ? {} : { password: changed }),
    });
  };
  return (
    <FormDialog
      title={props.title}
      testId="channel-dialog"
      submitLabel={props.submitLabel}
      onClose={onClose}
      blocked={name.trim() === '' ? 'A channel needs a name.' : ''}
      onSubmit={submit}
    >
      <TextField
        label="Name"
        value={name}
        onChange={setName}
        testId="channel-dialog-name"
        maxLength={MAX_NAME_TEXT_LENGTH}
      />
      {props.place}
      <SoundFields config={config} change={change} />
      <fieldset className="dialog-group">
        <legend className="engraved">Door</legend>
        <TextField
          label="People at a time"
          value={limit}
          onChange={setLimit}
          testId="channel-limit"
          numeric
          error={maxMembers.ok ? '' : `A whole number from 1 to ${NO_MEMBER_LIMIT}.`}
        />
        <PasswordFields locked={locked} draft={password} onChange={setPassword} />
        <SwitchField
          label="Open to listeners"
          hint={LISTENERS_SWITCH_HINT}
          on={config.listeners}
          onChange={(listeners) => change({ listeners })}
          testId="channel-listeners"
        />
      </fieldset>
      <RoleFields config={config} roles={roles} change={change} />
      <fieldset className="dialog-group">
        <legend className="engraved">Chat</legend>
        <TextField
          label="Days that messages are kept"
          value={days}
          onChange={setDays}
          testId="channel-history"
          numeric
          error={historyDays.ok ? '' : `A whole number from 0 (not kept) to ${MAX_HISTORY_DAYS}.`}
          {...(historyDays.ok ? { hint: retentionSentence(historyDays.value) } : {})}
        />
      </fieldset>
    </FormDialog>
  );
}

interface ConfigFieldsProps {
  readonly config: ChannelConfig;
  readonly change: (part: Partial<ChannelConfig>) => void;
}

function SoundFields({ config, change }: ConfigFieldsProps): ReactElement {
  return (
    <fieldset className="dialog-group">
      <legend className="engraved">Sound</legend>
      <SelectField
        label="Quality"
        value={String(config.bitrate)}
        choices={bitrateChoices(config.bitrate)}
        onChange={(value) => change({ bitrate: Number(value) })}
        testId="channel-bitrate"
      />
      <SelectField
        label="Frame"
        value={String(config.frameSamples)}
        choices={frameChoices}
        onChange={(value) => change({ frameSamples: readFrameSamples(value) })}
        testId="channel-frame"
      />
      <SelectField
        label="Redundancy"
        value={String(config.redundancyCopies)}
        choices={redundancyChoices}
        onChange={(value) => change({ redundancyCopies: Number(value) })}
        testId="channel-redundancy"
      />
    </fieldset>
  );
}

interface PasswordFieldsProps {
  readonly locked: boolean;
  readonly draft: PasswordDraft;
  readonly onChange: (draft: PasswordDraft) => void;
}

function PasswordFields({ locked, draft, onChange }: PasswordFieldsProps): ReactElement {
  return (
    <>
      <TextField
        label={locked ? 'Another password' : 'Password'}
        value={draft.text}
        onChange={(text) => onChange({ ...draft, text })}
        testId="channel-password-set"
        maxLength={MAX_SECRET_TEXT_LENGTH}
        secret
        placeholder={locked ? 'Left empty, it stays as it is' : 'None'}
      />
      {locked ? (
        <SwitchField
          label="Take the password away"
          hint="Then whoever has the role may enter."
          on={draft.remove}
          onChange={(remove) => onChange({ ...draft, remove })}
          testId="channel-password-remove"
        />
      ) : null}
    </>
  );
}

const asked = [
  { field: 'enterRole', label: 'To enter' },
  { field: 'speakRole', label: 'To speak' },
  { field: 'whisperRole', label: 'To whisper' },
  { field: 'manageRole', label: 'To change it' },
] as const;

function RoleFields(props: ConfigFieldsProps & { roles: ChannelFormProps['roles'] }): ReactElement {
  const { config, roles, change } = props;
  return (
    <fieldset className="dialog-group">
      <legend className="engraved">Role needed, or a higher one</legend>
      <div className="dialog-pair">
        {asked.map(({ field, label }) => (
          <SelectField
            key={field}
            label={label}
            value={String(config[field])}
            choices={roles.map((role) => ({ value: String(role.id), label: role.name }))}
            onChange={(value) => change({ [field]: Number(value) })}
            testId={`channel-${field}`}
          />
        ))}
      </div>
    </fieldset>
  );
}
