import type { ReactElement } from 'react';
import type { Channel, Role } from '../../../contract/dto.ts';
import type { ChannelConfig } from '../../../contract/room.ts';
import { sentenceOf } from '../../state/outcome.ts';
import { useProgram } from '../../state/program.ts';
import { type ChannelDraft, ChannelForm } from './channel-form.tsx';

interface ChannelDialogProps {
  /** The one to change; null: a new one. */
  readonly channel: Channel | null;
  /** Where a new one goes, and whose configuration it starts with. */
  readonly parent: Channel | null;
  /** What a new channel at the top starts with. */
  readonly model: ChannelConfig;
  readonly roles: readonly Role[];
  readonly onClose: () => void;
}

/** Makes or changes a channel. */
export function ChannelDialog(props: ChannelDialogProps): ReactElement {
  const { channel, parent, model, roles, onClose } = props;
  const { api } = useProgram();
  const save = ({ password, ...draft }: ChannelDraft): Promise<string> => {
    if (channel === null)
      return sentenceOf(
        api.createChannel({ ...draft, parent: parent?.id ?? null, password: password ?? null }),
      );
    return sentenceOf(
      api.changeChannel({
        ...draft,
        channel: channel.id,
        ...(password === undefined ? {} : { password }),
      }),
    );
  };
  const within = parent === null ? 'New channel' : `New channel in ${parent.name}`;
  return (
    <ChannelForm
      title={channel === null ? within : `Change ${channel.name}`}
      name={channel?.name ?? ''}
      config={channel?.config ?? parent?.config ?? model}
      locked={channel?.locked ?? false}
      submitLabel={channel === null ? 'Create' : 'Save'}
      roles={roles}
      onClose={onClose}
      onSave={save}
    />
  );
}
