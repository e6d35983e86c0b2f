import { type ReactElement, useState } from 'react';
import type { Account, AdminChannel, AdminRoom } from '../../../contract/admin.ts';
import { type ChannelDraft, ChannelForm } from '../../features/channels/channel-form.tsx';
import { NO_MEMBER_LIMIT } from '../../features/channels/channel-tree.ts';
import { channelSoundText } from '../../features/channels/channel-words.ts';
import { FormDialog } from '../../ui/dialog.tsx';
import { SelectField } from '../../ui/field.tsx';
import { Icon } from '../../ui/icons.tsx';
import { RuledButton } from '../../ui/ruled-button.tsx';
import { channelOptions, treeOrder } from '../room/room-tree.ts';
import { carryOut } from '../shell/announcer.tsx';
import { useDashboard } from '../state/dashboard.ts';
import { permissionRule } from '../state/rights.ts';
import '../../features/roles/roles.css';

interface ChannelsScreenProps {
  readonly room: AdminRoom;
  readonly account: Account;
}

type Open =
  | { readonly kind: 'new' }
  | { readonly kind: 'change'; readonly channel: number }
  | { readonly kind: 'remove'; readonly channel: number };

/** The channels of the room: made, changed and removed here. */
export function ChannelsScreen({ room, account }: ChannelsScreenProps): ReactElement {
  const [open, setOpen] = useState<Open | null>(null);
  const rule = permissionRule('channels', account.role, room);
  const close = (): void => setOpen(null);
  return (
    <>
      <div className="screen-actions">
        <p className="field-hint">Everybody who comes lands in the first channel.</p>
        <RuledButton
          data-kind="primary"
          data-testid="channel-new"
          rule={rule}
          onClick={() => setOpen({ kind: 'new' })}
        >
          <Icon name="plus" />
          New channel
        </RuledButton>
      </div>
      {room.channels.length === 0 ? <p className="empty">There is no channel yet.</p> : null}
      <ul className="rule-rows">
        {treeOrder(room.channels).map(({ channel, depth }) => (
          <ChannelRow
            key={channel.id}
            channel={channel}
            depth={depth}
            removal={removeRule(channel, room) || rule}
            onOpen={setOpen}
          />
        ))}
      </ul>
      {open === null ? null : <ChannelDialog open={open} room={room} onClose={close} />}
    </>
  );
}

/** Why a channel cannot be removed; empty: it can. The relay decides the same way. */
export function removeRule(channel: AdminChannel, room: AdminRoom): string {
  if (room.channels[0]?.id === channel.id) return 'Everybody who comes lands here.';
  if (room.members.some((member) => member.channel === channel.id && !member.listeners))
    return 'Somebody is in it.';
  return room.channels.some((one) => one.parent === channel.id) ? 'Other channels lie in it.' : '';
}

interface ChannelRowProps {
  readonly channel: AdminChannel;
  readonly depth: number;
  readonly removal: string;
  readonly onOpen: (open: Open) => void;
}

function ChannelRow({ channel, depth, removal, onOpen }: ChannelRowProps): ReactElement {
  const { id, name, config, locked } = channel;
  const limit = config.maxMembers >= NO_MEMBER_LIMIT ? '' : `, at most ${config.maxMembers} people`;
  return (
    <li className="rule-row" data-testid="channel-row" data-name={name} data-depth={depth}>
      <div className="rule-text">
        <span className="row-title">
          <Icon name={locked ? 'lock' : 'channel'} size={16} />
          <bdi className="rule-name">{name}</bdi>
          {locked ? <span className="tag">Password</span> : null}
          {config.listeners ? <span className="tag">Listeners</span> : null}
        </span>
        <span className="field-hint">
          {channelSoundText(config)}
          {limit}
        </span>
      </div>
      <span className="rule-actions">
        <button
          type="button"
          className="button"
          data-size="small"
          data-testid="channel-change"
          aria-label={`Change ${name}`}
          onClick={() => onOpen({ kind: 'change', channel: id })}
        >
          Change
        </button>
        <RuledButton
          className="button"
          data-kind="danger"
          data-size="small"
          data-testid="channel-remove"
          aria-label={`Remove ${name}`}
          rule={removal}
          onClick={() => onOpen({ kind: 'remove', channel: id })}
        >
          Remove
        </RuledButton>
      </span>
    </li>
  );
}

function ChannelDialog(props: { open: Open; room: AdminRoom; onClose: () => void }): ReactElement | null {
  const { open, room, onClose } = props;
  if (open.kind === 'new') return <NewChannel room={room} onClose={onClose} />;
  const channel = room.channels.find((one) => one.id === open.channel);
  if (channel === undefined) return null;
  return open.kind === 'change' ? (
    <ChangeChannel key={channel.id} channel={channel} room={room} onClose={onClose} />
  ) : (
    <RemoveChannel channel={channel} onClose={onClose} />
  );
}

const TOP = '';

function NewChannel({ room, onClose }: { room: AdminRoom; onClose: () => void }): ReactElement | null {
  const { api } = useDashboard();
  const [parent, setParent] = useState(TOP);
  // The one everybody lands in is what a new one starts like.
  const [model] = room.channels;
  if (model === undefined) return null;
  const save = (draft: ChannelDraft): Promise<string> =>
    carryOut(api.createChannel(parent === TOP ? null : Number(parent), draft), `${draft.name} was made.`);
  return (
    <ChannelForm
      title="New channel"
      name=""
      config={model.config}
      locked={false}
      submitLabel="Create"
      roles={room.roles}
      onClose={onClose}
      onSave={save}
      place={
        <SelectField
          label="Lies in"
          value={parent}
          choices={[{ value: TOP, label: 'The room itself' }, ...channelOptions(room.channels)]}
          onChange={setParent}
          testId="channel-parent"
        />
      }
    />
  );
}

interface OneChannelProps {
  readonly channel: AdminChannel;
  readonly onClose: () => void;
}

function ChangeChannel({ channel, room, onClose }: OneChannelProps & { room: AdminRoom }): ReactElement {
  const { api } = useDashboard();
  return (
    <ChannelForm
      title={`Change ${channel.name}`}
      name={channel.name}
      config={channel.config}
      locked={channel.locked}
      submitLabel="Save"
      roles={room.roles}
      onClose={onClose}
      onSave={(draft) => carryOut(api.changeChannel(channel.id, draft), `${draft.name} was changed.`)}
    />
  );
}

function RemoveChannel({ channel, onClose }: OneChannelProps): ReactElement {
  const { api } = useDashboard();
  return (
    <FormDialog
      title={`Remove ${channel.name}?`}
      testId="remove-channel-dialog"
      submitLabel="Remove"
      danger
      onClose={onClose}
      onSubmit={() => carryOut(api.removeChannel(channel.id), `${channel.name} was removed.`)}
    >
      <p>The channel goes, with the messages that were kept there.</p>
    </FormDialog>
  );
}
