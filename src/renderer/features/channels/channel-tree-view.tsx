import { type MouseEvent, memo, type ReactElement, useMemo } from 'react';
import type { Channel, Member } from '../../../contract/dto.ts';
import { showDialog, showMenu } from '../../state/dialog-store.ts';
import { perform, useProgram } from '../../state/program.ts';
import { Icon } from '../../ui/icons.tsx';
import { RuledButton } from '../../ui/ruled-button.tsx';
import { MemberRow, menuPlace } from '../people/member-row.tsx';
import { type ChannelNode, memberCountText, roomTree } from './channel-tree.ts';
import { useCollapsed } from './use-collapsed.ts';
import './channels.css';

interface ChannelTreeProps {
  readonly relay: string;
  readonly channels: readonly Channel[];
  readonly members: readonly Member[];
  readonly ownChannel: number | null;
  readonly onAir: boolean;
  readonly plainRole: number;
}

/** Channels with who is in them. Memoised, like its rows: a ping or a level must not draw it anew. */
export const ChannelTree = memo(function ChannelTree(props: ChannelTreeProps): ReactElement {
  const { relay, channels, members, ownChannel, onAir, plainRole } = props;
  const tree = useMemo(() => roomTree(channels, members), [channels, members]);
  const [collapsed, collapse] = useCollapsed(relay);
  const shared = { collapsed, collapse, ownChannel, onAir, plainRole };
  return (
    <>
      <ul className="tree" data-testid="channel-tree">
        {tree.roots.map((node) => (
          <ChannelBranch key={node.channel.id} node={node} shared={shared} />
        ))}
      </ul>
      {tree.outside.length === 0 ? null : (
        <section className="tree-outside" aria-labelledby="outside-title">
          <h3 id="outside-title" className="engraved">
            In no channel
          </h3>
          <MemberList members={tree.outside} shared={shared} />
        </section>
      )}
    </>
  );
});

interface Shared {
  readonly collapsed: ReadonlySet<number>;
  readonly collapse: (channel: number, collapsed: boolean) => void;
  readonly ownChannel: number | null;
  readonly onAir: boolean;
  readonly plainRole: number;
}

function MemberList({ members, shared }: { members: readonly Member[]; shared: Shared }): ReactElement {
  return (
    <ul className="members">
      {members.map((member) => (
        <MemberRow
          key={member.token}
          member={member}
          onAir={member.self && shared.onAir}
          plainRole={shared.plainRole}
        />
      ))}
    </ul>
  );
}

function ChannelBranch({ node, shared }: { node: ChannelNode; shared: Shared }): ReactElement {
  const { channel, members, children } = node;
  const folded = shared.collapsed.has(channel.id);
  const id = `channel-${channel.id}-inside`;
  return (
    <li
      className="channel"
      data-testid="channel"
      data-channel={channel.id}
      data-name={channel.name}
      data-own={channel.id === shared.ownChannel}
    >
      <ChannelRow
        channel={channel}
        count={members.filter((member) => !member.listeners).length}
        own={channel.id === shared.ownChannel}
        inside={members.length + children.length === 0 ? null : { id, folded, collapse: shared.collapse }}
      />
      {folded ? null : (
        <div id={id} className="channel-inside">
          {members.length === 0 ? null : <MemberList members={members} shared={shared} />}
          {children.length === 0 ? null : (
            <ul className="tree">
              {children.map((child) => (
                <ChannelBranch key={child.channel.id} node={child} shared={shared} />
              ))}
            </ul>
          )}
        </div>
      )}
    </li>
  );
}

interface ChannelRowProps {
  readonly channel: Channel;
  readonly count: number;
  readonly own: boolean;
  /** What can be folded away; null: there is nothing in it. */
  readonly inside: {
    readonly id: string;
    readonly folded: boolean;
    readonly collapse: (channel: number, collapsed: boolean) => void;
  } | null;
}

function ChannelRow({ channel, count, own, inside }: ChannelRowProps): ReactElement {
  const enter = useEnterChannel(channel);
  const open = (event: MouseEvent<HTMLElement>): void => {
    event.preventDefault();
    showMenu({ kind: 'channel', channel: channel.id, place: menuPlace(event) });
  };
  const counted = memberCountText(count, channel.config.maxMembers);
  return (
    <div className="channel-row">
      {inside === null ? (
        <span className="channel-fold" />
      ) : (
        <button
          type="button"
          className="channel-fold"
          data-testid="channel-fold"
          aria-expanded={!inside.folded}
          aria-controls={inside.id}
          aria-label={`${inside.folded ? 'Show' : 'Hide'} what is in ${channel.name}`}
          onClick={() => inside.collapse(channel.id, !inside.folded)}
        >
          <Icon name="chevron" size={16} />
        </button>
      )}
      <ChannelName channel={channel} own={own} enter={enter} openMenu={open} />
      <span className="channel-count reading" title={`${counted} here`}>
        <span className="visually-hidden">People: </span>
        {counted}
      </span>
      {own ? null : (
        <RuledButton
          className="button channel-join"
          data-size="small"
          data-testid="channel-join"
          aria-label={`Join ${channel.name}`}
          rule={channel.rules.enter}
          onClick={enter}
        >
          Join
        </RuledButton>
      )}
      <button
        type="button"
        className="button member-more"
        data-kind="quiet"
        data-size="small"
        data-shape="square"
        data-testid="channel-more"
        aria-haspopup="dialog"
        aria-label={`More about ${channel.name}`}
        title="More"
        onClick={open}
      >
        <Icon name="more" />
      </button>
    </div>
  );
}

/** The name: entered by a double click, or by Enter, Space or a screen reader's press. */
function ChannelName(props: {
  channel: Channel;
  own: boolean;
  enter: () => void;
  openMenu: (event: MouseEvent<HTMLElement>) => void;
}): ReactElement {
  const { channel, own, enter, openMenu } = props;
  return (
    <RuledButton
      onContextMenu={openMenu}
      className="channel-name"
      data-testid="channel-name"
      rule={own ? '' : channel.rules.enter}
      aria-current={own ? 'location' : false}
      // A click that no mouse made counts none; two of the mouse are needed, so that one may miss.
      onClick={(event) => {
        if (!own && (event.detail === 0 || event.detail === 2)) enter();
      }}
    >
      <Icon name={channel.locked ? 'lock' : 'channel'} size={16} />
      <bdi className="channel-title" title={channel.name}>
        {channel.name}
      </bdi>
      {channel.locked ? <span className="visually-hidden">, asks for a password</span> : null}
      {own ? <span className="tag channel-here">You are here</span> : null}
      {channel.config.listeners ? (
        <span className="tag" title="Open to listeners: people who are not in the room can hear this channel">
          <Icon name="ear" size={12} />
          Listeners
        </span>
      ) : null}
      {own || channel.rules.speak === '' ? null : (
        <span className="tag" title={channel.rules.speak}>
          Listen only
        </span>
      )}
    </RuledButton>
  );
}

/** Goes into a channel, after its password where it has one. */
export function useEnterChannel(channel: Channel): () => void {
  const { api } = useProgram();
  return () => {
    if (channel.locked) showDialog({ kind: 'channelPassword', channel: channel.id });
    else void perform(api.joinChannel({ channel: channel.id, password: null }));
  };
}
