import { type ReactElement, useEffect } from 'react';
import type { Channel } from '../../../contract/dto.ts';
import { Icon } from '../../ui/icons.tsx';
import { retentionSentence } from '../channels/channel-words.ts';
import { ChatAnnouncer } from './chat-announcer.tsx';
import { ChatLog } from './chat-log.tsx';
import {
  chatKey,
  type HeldConversation,
  markRead,
  openChat,
  openOwnChannelChat,
  unreadCount,
  useChat,
} from './chat-store.ts';
import { Composer } from './composer.tsx';
import './chat.css';

interface ChatPanelProps {
  readonly channels: readonly Channel[];
  readonly ownChannel: number | null;
  /** The panel is on the screen: what comes is seen. */
  readonly seen: boolean;
}

/** The conversation to show where the own channel has none yet. */
function ownConversation(channels: readonly Channel[], ownChannel: number | null): HeldConversation | null {
  const channel = channels.find((one) => one.id === ownChannel);
  if (channel === undefined) return null;
  return {
    target: { kind: 'channel', channel: channel.id },
    title: channel.name,
    entries: [],
    more: false,
    readTo: Number.NEGATIVE_INFINITY,
    draft: '',
  };
}

/** Conversations beside the people: of the channel one is in, of channels one was in, with single persons. */
export function ChatPanel({ channels, ownChannel, seen }: ChatPanelProps): ReactElement {
  const conversations = useChat((state) => state.conversations);
  const open = useChat((state) => state.open);
  const own = ownConversation(channels, ownChannel);
  const ownKey = own === null ? null : chatKey(own.target);
  const listed = new Map(own === null || ownKey === null ? [] : [[ownKey, own]]);
  for (const [key, conversation] of conversations) listed.set(key, conversation);
  const key = open !== null && listed.has(open) ? open : ownKey;
  const shown = key === null ? undefined : listed.get(key);
  const newest = shown?.entries.at(-1)?.order;
  useEffect(() => {
    if (key !== null && seen && newest !== undefined) markRead(key);
  }, [key, seen, newest]);
  return (
    <section className="chat" aria-label="Chat">
      <ChatAnnouncer shown={seen ? key : null} />
      <ConversationList listed={listed} shown={key} ownKey={ownKey} />
      {shown === undefined || key === null ? (
        <p className="chat-nothing">Join a channel to read and write in its chat.</p>
      ) : (
        <>
          <ChatNote conversation={shown} channels={channels} />
          <ChatLog key={`log ${key}`} conversation={shown} />
          <Composer
            key={`write ${key}`}
            conversation={shown}
            away={shown.target.kind === 'channel' && key !== ownKey}
          />
        </>
      )}
    </section>
  );
}

interface ConversationListProps {
  readonly listed: ReadonlyMap<string, HeldConversation>;
  readonly shown: string | null;
  readonly ownKey: string | null;
}

function ConversationList({ listed, shown, ownKey }: ConversationListProps): ReactElement | null {
  if (listed.size < 2) return null;
  return (
    <nav aria-label="Conversations">
      <ul className="conversations scrolls">
        {[...listed].map(([key, conversation]) => {
          const unread = unreadCount(conversation);
          return (
            <li key={key}>
              <button
                type="button"
                className="conversation"
                data-testid="conversation"
                data-title={conversation.title}
                data-unread={unread}
                aria-current={key === shown}
                onClick={() => {
                  if (key === ownKey) openOwnChannelChat();
                  else openChat(conversation.target, conversation.title);
                }}
              >
                <Icon name={conversation.target.kind === 'channel' ? 'channel' : 'chat'} size={14} />
                <bdi className="conversation-title">{conversation.title}</bdi>
                <UnreadCount count={unread} />
              </button>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

/** How many messages were not seen yet; nothing while there are none. */
export function UnreadCount({ count }: { count: number }): ReactElement | null {
  if (count === 0) return null;
  return (
    <span className="unread reading">
      {count > 99 ? '99+' : count}
      <span className="visually-hidden"> unread</span>
    </span>
  );
}

interface ChatNoteProps {
  readonly conversation: HeldConversation;
  readonly channels: readonly Channel[];
}

/** How long messages stay, and who else could read them. */
function ChatNote({ conversation, channels }: ChatNoteProps): ReactElement {
  const { target, title } = conversation;
  const channel = target.kind === 'channel' ? channels.find((one) => one.id === target.channel) : undefined;
  const kept =
    target.kind === 'member'
      ? `Only you and ${title} are shown these. What is sent while ${title} is away waits in the room.`
      : retentionSentence(channel?.config.historyDays ?? 0);
  return (
    <details className="chat-note">
      <summary data-testid="chat-info">
        <Icon name="info" size={14} />
        <span data-testid="chat-retention">{kept}</span>
      </summary>
      <p>
        Voice is sealed so that nobody but the people in the channel can open it. Chat is not: it crosses the
        network encrypted, but whoever hosts the room could read it.
      </p>
    </details>
  );
}
