import { type FormEvent, type ReactElement, useState } from 'react';
import type { Account, AdminRoom, RoomConfig } from '../../../contract/admin.ts';
import { readWhole } from '../../features/channels/channel-words.ts';
import { sentenceOf } from '../../state/outcome.ts';
import { FieldError, TextField } from '../../ui/field.tsx';
import { RuledButton } from '../../ui/ruled-button.tsx';
import { announce } from '../shell/announcer.tsx';
import { useDashboard } from '../state/dashboard.ts';
import { MAX_ROOM_MEMBERS, MAX_ROOM_NAME } from '../state/limits.ts';
import { highestRankRule } from '../state/rights.ts';

interface SettingsScreenProps {
  readonly room: AdminRoom;
  readonly account: Account;
}

/** What holds for the whole room. */
export function SettingsScreen({ room, account }: SettingsScreenProps): ReactElement {
  // What another account saves meanwhile begins the form anew.
  return <SettingsForm key={`${room.maxMembers} ${room.name}`} room={room} account={account} />;
}

function SettingsForm({ room, account }: SettingsScreenProps): ReactElement {
  const { api } = useDashboard();
  const [name, setName] = useState(room.name);
  const [limit, setLimit] = useState(String(room.maxMembers));
  const [error, setError] = useState('');
  const members = readWhole(limit, 1, MAX_ROOM_MEMBERS);
  const rule = highestRankRule(account.role, room);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (rule !== '') return setError(rule);
    if (name.trim() === '') return setError('A room needs a name.');
    if (!members.ok) return setError('Look at the number once more.');
    const config: RoomConfig = { name: name.trim(), maxMembers: members.value };
    const sentence = await sentenceOf(api.saveConfig(config));
    setError(sentence);
    if (sentence === '') announce('The settings are saved, and hold from now on.');
  };
  return (
    <form className="settings-form panel" noValidate onSubmit={(event) => void submit(event)}>
      <TextField
        label="Name of the room"
        value={name}
        onChange={setName}
        testId="config-name"
        maxLength={MAX_ROOM_NAME}
        hint="Everybody who is in the room sees it."
      />
      <TextField
        label="People at a time"
        value={limit}
        onChange={setLimit}
        testId="config-members"
        numeric
        hint="Nobody is put out when there are more already; they only stop being let in."
        error={members.ok ? '' : `A whole number from 1 to ${MAX_ROOM_MEMBERS}.`}
      />
      <FieldError sentence={error} testId="config-error" />
      <div className="form-actions">
        <RuledButton type="submit" data-kind="primary" data-testid="config-save" rule={rule}>
          Save
        </RuledButton>
      </div>
    </form>
  );
}
