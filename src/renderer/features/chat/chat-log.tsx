import { memo, type ReactElement, useLayoutEffect, useRef, useState } from 'react';
import type { ChatEntry, ChatTarget } from '../../../contract/chat.ts';
import { showDialog } from '../../state/dialog-store.ts';
import { failureSentence, sentenceOf } from '../../state/outcome.ts';
import { useProgram } from '../../state/program.ts';
import { raiseWindowNotice } from '../../state/window-store.ts';
import { Icon } from '../../ui/icons.tsx';
import { dropEntry, type HeldConversation, MAX_HELD_CHATS, setMore } from './chat-store.ts';
import { messageParts } from './links.ts';
import { safeText, timeText } from './message-text.ts';

/** This near to the end, in CSS pixels, new messages are followed. */
const FOLLOW_WITHIN = 40;

/** Messages of one person within this time stand under one name, in ms. */
const SAME_BREATH_MS = 300_000;

function goesOn(entry: ChatEntry, before: ChatEntry | undefined): boolean {
  return before?.identity === entry.identity && entry.sentMs - before.sentMs < SAME_BREATH_MS;
}

/**
 * Holds what is being read where it is: the distance to the end stays, so that older messages that come in above
 * move nothing, and whoever reads the end stays there.
 */
function keepPlace(log: HTMLElement | null, fromEnd: number): void {
  if (log === null) return;
  log.scrollTop = log.scrollHeight - log.clientHeight - (fromEnd <= FOLLOW_WITHIN ? 0 : fromEnd);
}

/** The messages of one conversation, oldest first; stays at the end until somebody scrolls up. */
export function ChatLog({ conversation }: { conversation: HeldConversation }): ReactElement {
  const { entries, target } = conversation;
  const box = useRef<HTMLDivElement>(null);
  const fromEnd = useRef(0);
  useLayoutEffect(() => {
    if (entries.length > 0) keepPlace(box.current, fromEnd.current);
  }, [entries]);
  useLayoutEffect(() => {
    const log = box.current;
    if (log === null) return;
    // What scrolls can be scrolled with the keyboard, also where there are links in it.
    log.tabIndex = 0;
    // Also where the box grows, or comes out of hiding.
    const observer = new ResizeObserver(() => keepPlace(log, fromEnd.current));
    observer.observe(log);
    return () => observer.disconnect();
  }, []);
  return (
    <div
      ref={box}
      className="chat-log scrolls"
      role="log"
      aria-live="off"
      aria-label={`Messages: ${conversation.title}`}
      data-testid="chat-log"
      onScroll={(event) => {
        const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
        fromEnd.current = scrollHeight - scrollTop - clientHeight;
      }}
    >
      <LoadOlder conversation={conversation} />
      {entries.length === 0 ? <p className="chat-nothing">Nobody has written here yet.</p> : null}
      <ol className="chat-entries">
        {entries.map((entry, index) => (
          <ChatMessage
            key={entry.key}
            entry={entry}
            target={target}
            goesOn={goesOn(entry, entries[index - 1])}
          />
        ))}
      </ol>
    </div>
  );
}

function LoadOlder({ conversation }: { conversation: HeldConversation }): ReactElement | null {
  const { api } = useProgram();
  const [busy, setBusy] = useState(false);
  const { target, more, entries } = conversation;
  if (!more || target.kind !== 'channel') return null;
  if (entries.length >= MAX_HELD_CHATS)
    return <p className="chat-nothing">The window holds no more than {MAX_HELD_CHATS} messages.</p>;
  const load = async (): Promise<void> => {
    setBusy(true);
    try {
      const answer = await api.loadOlderChat({ channel: target.channel });
      if (answer.ok) setMore(target, answer.more);
      else raiseWindowNotice('error', answer.sentence);
    } catch (failure) {
      raiseWindowNotice('error', failureSentence(failure));
    }
    setBusy(false);
  };
  return (
    <button
      type="button"
      className="button chat-older"
      data-size="small"
      data-testid="chat-older"
      aria-disabled={busy}
      onClick={() => {
        if (!busy) void load();
      }}
    >
      {busy ? 'Loading…' : 'Load older messages'}
    </button>
  );
}

interface ChatMessageProps {
  readonly entry: ChatEntry;
  readonly target: ChatTarget;
  /** The one before is of the same person and of the same moment. */
  readonly goesOn: boolean;
}

const ChatMessage = memo(function ChatMessage({ entry, target, goesOn }: ChatMessageProps): ReactElement {
  return (
    <li
      className="chat-entry"
      data-testid="chat-entry"
      data-own={entry.own}
      data-state={entry.state}
      data-goes-on={goesOn}
    >
      <p className={goesOn ? 'visually-hidden' : 'chat-head'}>
        <bdi className="chat-name">{safeText(entry.nickname)}</bdi>
        <time className="chat-time reading" dateTime={new Date(entry.sentMs).toISOString()}>
          {timeText(entry.sentMs, Date.now())}
        </time>
      </p>
      <MessageText text={entry.text} />
      {entry.state === 'pending' ? (
        <p className="chat-state">
          <Icon name="clock" size={14} />
          Not delivered yet
        </p>
      ) : null}
      {entry.state === 'failed' ? <FailedMessage entry={entry} target={target} /> : null}
    </li>
  );
});

/** A message as text and links; markup in it is text like any other. */
function MessageText({ text }: { text: string }): ReactElement {
  let place = 0;
  return (
    <p className="chat-text" dir="auto">
      {messageParts(safeText(text)).map((part) => {
        const key = place;
        place += part.text.length;
        if (part.kind === 'text') return part.text;
        return (
          <button
            key={key}
            type="button"
            className="chat-link"
            dir="ltr"
            data-testid="chat-link"
            onClick={() => showDialog({ kind: 'openLink', url: part.url })}
          >
            {part.text}
          </button>
        );
      })}
    </p>
  );
}

function FailedMessage({ entry, target }: { entry: ChatEntry; target: ChatTarget }): ReactElement {
  const { api } = useProgram();
  const again = async (): Promise<void> => {
    const problem = await sentenceOf(api.sendChat({ target, text: entry.text }));
    if (problem === '') dropEntry(target, entry.key);
    else raiseWindowNotice('error', problem);
  };
  return (
    <div className="chat-failed">
      <p>
        <Icon name="warning" size={14} />
        Not delivered. {entry.problem}
      </p>
      <button
        type="button"
        className="button"
        data-size="small"
        data-testid="chat-resend"
        onClick={() => void again()}
      >
        Send again
      </button>
    </div>
  );
}
