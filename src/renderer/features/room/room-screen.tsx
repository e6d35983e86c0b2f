import type { ReactElement } from 'react';
import type { AppState } from '../../../contract/dto.ts';
import { showDialog } from '../../state/dialog-store.ts';
import { type RoomPane, showPane, useWindow } from '../../state/window-store.ts';
import { Icon, type IconName } from '../../ui/icons.tsx';
import { RuledButton } from '../../ui/ruled-button.tsx';
import { useWidth } from '../../ui/use-width.ts';
import { ChannelTree } from '../channels/channel-tree-view.tsx';
import { ChatPanel, UnreadCount } from '../chat/chat-panel.tsx';
import { unreadCount, useChat } from '../chat/chat-store.ts';
import { WhispersPanel } from '../whispers/whispers-panel.tsx';
import { HostingPanel } from './hosting-panel.tsx';
import { RoomHead } from './room-head.tsx';
import { headcountText, plainRole } from './room-status.ts';
import './room.css';

/** From this width on, in CSS pixels, people and talk stand beside each other. */
const WIDE_FROM = 760;

/** The room one is in: where, who else, what is written, whom one whispers to. */
export function RoomScreen({ app }: { app: AppState }): ReactElement {
  const [frame, width] = useWidth<HTMLDivElement>();
  const chosen = useWindow((state) => state.pane);
  const room = useWindow((state) => state.room);
  const wide = width >= WIDE_FROM;
  // Beside the people there is always something: the chat unless the whispers were asked for.
  const pane: RoomPane = wide && chosen === 'people' ? 'chat' : chosen;
  const ownChannel = room?.channel ?? null;
  return (
    <div className="room" ref={frame} data-wide={wide} data-pane={pane}>
      <RoomHead app={app} />
      <PaneTabs wide={wide} pane={pane} />
      <div className="room-people scrolls" id="pane-people" hidden={!wide && pane !== 'people'}>
        <People app={app} ownChannel={ownChannel} relay={room?.relay ?? ''} />
      </div>
      <div className="room-chat" id="pane-chat" hidden={pane !== 'chat'}>
        <ChatPanel channels={app.channels} ownChannel={ownChannel} seen={pane === 'chat' && width > 0} />
      </div>
      <div className="room-whispers scrolls" id="pane-whispers" hidden={pane !== 'whispers'}>
        {pane === 'whispers' ? (
          <WhispersPanel whispers={app.whispers} members={app.members} hotkeyProblem={app.hotkeyProblem} />
        ) : null}
      </div>
    </div>
  );
}

interface PeopleProps {
  readonly app: AppState;
  readonly ownChannel: number | null;
  readonly relay: string;
}

function People({ app, ownChannel, relay }: PeopleProps): ReactElement {
  const { members, channels, roles, hosting } = app;
  const people = members.filter((member) => !member.listeners).length;
  return (
    <>
      {hosting.phase === 'on' ? <HostingPanel hosting={hosting} onReturn={null} /> : null}
      <section aria-labelledby="members-title">
        <div className="members-head">
          <h2 id="members-title" className="engraved">
            {headcountText(people)}
          </h2>
          <RuledButton
            className="button"
            data-kind="quiet"
            data-size="small"
            data-testid="channel-new"
            rule={app.ownRules.channels}
            onClick={() => showDialog({ kind: 'createChannel', parent: null })}
          >
            <Icon name="plus" size={16} />
            New channel
          </RuledButton>
        </div>
        <ChannelTree
          relay={relay}
          channels={channels}
          members={members}
          ownChannel={ownChannel}
          // A whisper is not heard in the channel.
          onAir={app.transmitting && app.whispers.activeTo === ''}
          plainRole={plainRole(roles)}
        />
        {people > 1 ? null : (
          <p className="members-empty">
            {hosting.phase === 'on'
              ? 'Send the invite link to a friend. They appear here as soon as they join.'
              : 'Nobody else is here at the moment. They appear as soon as they join.'}
          </p>
        )}
      </section>
    </>
  );
}

const tabs: readonly { readonly pane: RoomPane; readonly label: string; readonly icon: IconName }[] = [
  { pane: 'people', label: 'People', icon: 'people' },
  { pane: 'chat', label: 'Chat', icon: 'chat' },
  { pane: 'whispers', label: 'Whispers', icon: 'whisper' },
];

/** What the room shows; where the people are on the screen anyway, only what stands beside them. */
function PaneTabs({ wide, pane }: { wide: boolean; pane: RoomPane }): ReactElement {
  const unread = useChat((state) =>
    [...state.conversations.values()].reduce((sum, conversation) => sum + unreadCount(conversation), 0),
  );
  const shown = wide ? tabs.filter((tab) => tab.pane !== 'people') : tabs;
  return (
    <nav className="room-tabs" aria-label="Parts of the room">
      {shown.map((tab) => (
        <button
          key={tab.pane}
          type="button"
          className="room-tab"
          data-testid={`tab-${tab.pane}`}
          aria-current={tab.pane === pane}
          aria-controls={`pane-${tab.pane}`}
          onClick={() => showPane(tab.pane)}
        >
          <Icon name={tab.icon} size={16} />
          {tab.label}
          {tab.pane === 'chat' ? <UnreadCount count={unread} /> : null}
        </button>
      ))}
    </nav>
  );
}
