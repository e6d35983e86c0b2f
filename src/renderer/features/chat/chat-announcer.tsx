import { type ReactElement, useEffect, useRef, useState } from 'react';
import type { ChatEntry } from '../../../contract/chat.ts';
import { chatKey, type HeldConversation, useChat } from './chat-store.ts';

/** Longest part of a message that is read out by itself, in characters; the rest can be gone to. */
const MAX_READ_OUT = 300;

/** The newest message of somebody else, over all conversations. */
function newestOf(
  conversations: ReadonlyMap<string, HeldConversation>,
): { entry: ChatEntry; conversation: HeldConversation } | null {
  let newest: { entry: ChatEntry; conversation: HeldConversation } | null = null;
  for (const conversation of conversations.values()) {
    const entry = conversation.entries.findLast((one) => !one.own);
    if (entry !== undefined && entry.order > Math.max(conversation.readTo, newest?.entry.order ?? -Infinity))
      newest = { entry, conversation };
  }
  return newest;
}

/**
 * Reads a new message out to a screen reader: whole where its conversation is on the screen, else only who wrote.
 *
 * The list itself is silent, or history that was asked for would be read out as well.
 */
export function ChatAnnouncer({ shown }: { shown: string | null }): ReactElement {
  const [told, setTold] = useState('');
  const where = useRef(shown);
  where.current = shown;
  useEffect(
    () =>
      useChat.subscribe((now, before) => {
        const newest = newestOf(now.conversations);
        if (
          newest === null ||
          newest.entry.order <= (newestOf(before.conversations)?.entry.order ?? -Infinity)
        )
          return;
        const { entry, conversation } = newest;
        const here = chatKey(conversation.target) === where.current;
        const place = conversation.target.kind === 'channel' ? ` in ${conversation.title}` : ' to you';
        setTold(
          here
            ? `${entry.nickname}: ${entry.text.slice(0, MAX_READ_OUT)}`
            : `${entry.nickname} wrote${place}`,
        );
      }),
    [],
  );
  return (
    <p className="visually-hidden" aria-live="polite" data-testid="chat-announcer">
      {told}
    </p>
  );
}
