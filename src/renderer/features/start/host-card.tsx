import { type FormEvent, type ReactElement, useState } from 'react';
import { MAX_ADDRESS_LENGTH, MAX_NAME_TEXT_LENGTH } from '../../../contract/limits.ts';
import { FieldError, TextField } from '../../ui/field.tsx';
import { Icon } from '../../ui/icons.tsx';
import { defaultRoomName, readPort } from './room-defaults.ts';

interface HostCardProps {
  readonly nickname: string;
  readonly busy: boolean;
  readonly starting: boolean;
  /** Answers with what is wrong, or with an empty text. */
  readonly onHost: (room: {
    roomName: string;
    address: string | null;
    port: number | null;
  }) => Promise<string>;
}

/** Opens a room on this computer; the address and the port are there for whoever needs them. */
export function HostCard({ nickname, busy, starting, onHost }: HostCardProps): ReactElement {
  const [roomName, setRoomName] = useState<string | null>(null);
  const [advanced, setAdvanced] = useState(false);
  const [address, setAddress] = useState('');
  const [portText, setPortText] = useState('');
  const [portError, setPortError] = useState('');
  const [error, setError] = useState('');
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const read = readPort(portText);
    if (!read.ok) {
      setAdvanced(true);
      setPortError('A port is a whole number from 1 to 65535.');
      return;
    }
    setError('');
    const name = roomName?.trim() ?? '';
    setError(
      await onHost({
        roomName: name === '' ? defaultRoomName(nickname) : name,
        address: address.trim() === '' ? null : address.trim(),
        port: read.port,
      }),
    );
  };
  return (
    <form
      className="panel card"
      aria-labelledby="host-title"
      noValidate
      onSubmit={(event) => void submit(event)}
    >
      <h2 id="host-title">Host a room</h2>
      <TextField
        label="Room name"
        value={roomName ?? defaultRoomName(nickname)}
        onChange={setRoomName}
        testId="host-room-name"
        maxLength={MAX_NAME_TEXT_LENGTH}
        action={
          <button type="submit" className="button" data-testid="host" disabled={busy}>
            {starting ? 'Opening…' : 'Host'}
          </button>
        }
      />
      <FieldError sentence={error} testId="host-error" />
      <button
        type="button"
        className="disclosure"
        data-testid="host-advanced"
        aria-expanded={advanced}
        aria-controls="host-more"
        onClick={() => setAdvanced(!advanced)}
      >
        <Icon name="chevron" size={16} />
        Address and port
      </button>
      <div id="host-more" className="card-more" hidden={!advanced}>
        <TextField
          label="Address in the invite"
          value={address}
          onChange={setAddress}
          testId="host-address"
          placeholder="Chosen for you"
          maxLength={MAX_ADDRESS_LENGTH}
          hint="What your friends connect to: this computer’s public address or name."
        />
        <TextField
          label="Port"
          value={portText}
          onChange={(text) => {
            setPortText(text);
            setPortError('');
          }}
          testId="host-port"
          placeholder="Chosen for you"
          error={portError}
          numeric
        />
      </div>
    </form>
  );
}
