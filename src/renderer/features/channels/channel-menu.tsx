import type { ReactElement } from 'react';
import type { Channel } from '../../../contract/dto.ts';
import { closeMenu, type MenuPlace, showDialog } from '../../state/dialog-store.ts';
import { showPane } from '../../state/window-store.ts';
import { Icon } from '../../ui/icons.tsx';
import { Menu, MenuItem } from '../../ui/menu.tsx';
import { openChat } from '../chat/chat-store.ts';
import { useEnterChannel } from './channel-tree-view.tsx';
import { channelSoundText } from './channel-words.ts';

interface ChannelMenuProps {
  readonly channel: Channel;
  readonly own: boolean;
  /** Why it cannot be removed; empty: it can. */
  readonly removal: string;
  readonly place: MenuPlace;
}

/** Everything that can be done with one channel; what may not be done says why. */
export function ChannelMenu({ channel, own, removal, place }: ChannelMenuProps): ReactElement {
  const { rules } = channel;
  const enter = useEnterChannel(channel);
  const about = { channel: channel.id };
  return (
    <Menu label={`About ${channel.name}`} place={place} testId="channel-menu" onClose={closeMenu}>
      <p className="menu-title">
        <bdi>{channel.name}</bdi>
      </p>
      <p className="menu-note">
        <Icon name="info" size={16} />
        <span>{channelSoundText(channel.config)}</span>
      </p>
      {[rules.speak, rules.whisper]
        .filter((rule) => rule !== '')
        .map((rule) => (
          <p key={rule} className="menu-note">
            <Icon name="microphoneOff" size={16} />
            <span>{rule}</span>
          </p>
        ))}
      <div className="menu-line" />
      <MenuItem
        icon="channel"
        label="Join"
        testId="menu-join"
        rule={own ? 'You are in this channel.' : rules.enter}
        onChoose={() => {
          closeMenu();
          enter();
        }}
      />
      {own ? (
        <MenuItem
          icon="chat"
          label="Open its chat"
          testId="menu-chat"
          onChoose={() => {
            openChat({ kind: 'channel', channel: channel.id }, channel.name);
            showPane('chat');
            closeMenu();
          }}
        />
      ) : null}
      <MenuItem
        icon="plus"
        label="Create a channel inside…"
        testId="menu-create"
        rule={rules.manage}
        onChoose={() => showDialog({ kind: 'createChannel', parent: channel.id })}
      />
      <MenuItem
        icon="edit"
        label="Change…"
        testId="menu-change"
        rule={rules.manage}
        onChoose={() => showDialog({ kind: 'changeChannel', ...about })}
      />
      <MenuItem
        icon="trash"
        label="Remove…"
        testId="menu-remove"
        rule={removal}
        danger
        onChoose={() => showDialog({ kind: 'removeChannel', ...about })}
      />
    </Menu>
  );
}
