import { type ReactElement, useState } from 'react';
import type { Channel } from '../../../contract/dto.ts';
import { MAX_SECRET_TEXT_LENGTH } from '../../../contract/limits.ts';
import { sentenceOf } from '../../state/outcome.ts';
import { useProgram } from '../../state/program.ts';
import { FormDialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';

interface AboutChannel {
  readonly channel: Channel;
  readonly onClose: () => void;
}

/** Asks for a channel's password and goes in. */
export function ChannelPasswordDialog({ channel, onClose }: AboutChannel): ReactElement {
  const { api } = useProgram();
  const [password, setPassword] = useState('');
  return (
    <FormDialog
      title={`${channel.name} asks for a password`}
      testId="channel-password-dialog"
      submitLabel="Join"
      onClose={onClose}
      blocked={password === '' ? 'Type the password.' : ''}
      onSubmit={() => sentenceOf(api.joinChannel({ channel: channel.id, password }))}
    >
      <TextField
        label="Password"
        value={password}
        onChange={setPassword}
        testId="channel-password"
        maxLength={MAX_SECRET_TEXT_LENGTH}
        secret
      />
    </FormDialog>
  );
}

/** Asks once more before a channel goes. */
export function RemoveChannelDialog({ channel, onClose }: AboutChannel): ReactElement {
  const { api } = useProgram();
  return (
    <FormDialog
      title={`Remove ${channel.name}?`}
      testId="remove-channel-dialog"
      submitLabel="Remove"
      danger
      onClose={onClose}
      onSubmit={() => sentenceOf(api.removeChannel({ channel: channel.id }))}
    >
      <p>The channel goes, with the messages that were kept there.</p>
    </FormDialog>
  );
}
