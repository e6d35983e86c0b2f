import { create } from 'zustand';
import type { ChatEntry, ChatEvent, ChatTarget, Conversation } from '../../../contract/chat.ts';
import type { SidetoneApi } from '../../../contract/ipc.ts';
import { MAX_SHOWN_CHATS } from '../../../contract/limits.ts';

/** Newest messages of one conversation the window holds: what the program keeps, and room for older ones asked for. */
export const MAX_HELD_CHATS = 5 * MAX_SHOWN_CHATS;

/** Conversations held at a time; the one silent for longest goes. */
export const MAX_CONVERSATIONS = 200;

/** A conversation as the window shows it. */
export interface HeldConversation extends Conversation {
  /** Order of the newest entry that was seen; later ones of others are unread. */
  readonly readTo: number;
  /** What is being written. */
  readonly draft: string;
}

interface ChatState {
  readonly conversations: ReadonlyMap<string, HeldConversation>;
  /** The one that is shown; null: that of the own channel. */
  readonly open: string | null;
}

/** The store of the chat; apart from the window's, because it changes on its own. */
export const useChat = create<ChatState>(() => ({ conversations: new Map(), open: null }));

/** One key per conversation. */
export function chatKey(target: ChatTarget): string {
  return target.kind === 'channel' ? `channel:${target.channel}` : `member:${target.identity}`;
}

/** Entries of one conversation by key, in their order, the newest MAX_HELD_CHATS of them. */
export function mergeEntries(held: readonly ChatEntry[], given: readonly ChatEntry[]): readonly ChatEntry[] {
  const byKey = new Map(held.map((entry) => [entry.key, entry]));
  for (const entry of given) byKey.set(entry.key, entry);
  return [...byKey.values()].sort((a, b) => a.order - b.order).slice(-MAX_HELD_CHATS);
}

/** Messages of others that came after what was seen. */
export function unreadCount(conversation: HeldConversation): number {
  return conversation.entries.filter((entry) => !entry.own && entry.order > conversation.readTo).length;
}

const newestOrder = (entries: readonly ChatEntry[]): number =>
  entries.at(-1)?.order ?? Number.NEGATIVE_INFINITY;

function empty(target: ChatTarget, title: string): HeldConversation {
  return { target, title, entries: [], more: false, readTo: Number.NEGATIVE_INFINITY, draft: '' };
}

function bounded(conversations: Map<string, HeldConversation>, open: string | null): void {
  while (conversations.size > MAX_CONVERSATIONS) {
    const closed = [...conversations].filter(([key]) => key !== open);
    closed.sort(([, a], [, b]) => newestOrder(a.entries) - newestOrder(b.entries));
    const oldest = closed[0];
    if (oldest === undefined) return;
    conversations.delete(oldest[0]);
  }
}

function change(key: string, made: (before: HeldConversation | undefined) => HeldConversation): void {
  useChat.setState((state) => {
    const conversations = new Map(state.conversations);
    conversations.set(key, made(conversations.get(key)));
    bounded(conversations, state.open);
    return { conversations };
  });
}

/** Takes in all conversations, as the program tells them when the window opens or finds it again. */
export function takeConversations(given: readonly Conversation[]): void {
  useChat.setState((state) => {
    const conversations = new Map(state.conversations);
    for (const one of given) {
      const key = chatKey(one.target);
      const before = conversations.get(key);
      const entries = mergeEntries(before?.entries ?? [], one.entries);
      // What was there before the window was is not news.
      const readTo = before === undefined ? newestOrder(entries) : before.readTo;
      conversations.set(key, { ...one, entries: [...entries], readTo, draft: before?.draft ?? '' });
    }
    bounded(conversations, state.open);
    return { conversations };
  });
}

/** Takes in a new or changed entry. */
export function takeChatEvent(event: ChatEvent): void {
  change(chatKey(event.target), (held) => {
    const before = held ?? empty(event.target, event.title);
    const entries = [...mergeEntries(before.entries, [event.entry])];
    return { ...before, title: event.title, entries };
  });
}

/** Shows a conversation, with nothing in it yet if need be. */
export function openChat(target: ChatTarget, title: string): void {
  const key = chatKey(target);
  if (!useChat.getState().conversations.has(key)) change(key, () => empty(target, title));
  useChat.setState({ open: key });
}

/** Shows the conversation of the own channel, whichever that is. */
export function openOwnChannelChat(): void {
  useChat.setState({ open: null });
}

/** Everything in it was seen. */
export function markRead(key: string): void {
  const conversation = useChat.getState().conversations.get(key);
  if (conversation === undefined || conversation.readTo >= newestOrder(conversation.entries)) return;
  change(key, (before) => ({ ...(before ?? conversation), readTo: newestOrder(conversation.entries) }));
}

/** Keeps what is being written, so that looking into another conversation loses nothing. */
export function keepDraft(target: ChatTarget, title: string, draft: string): void {
  change(chatKey(target), (before) => ({ ...(before ?? empty(target, title)), draft }));
}

/** Takes a message out that failed and was sent again. */
export function dropEntry(target: ChatTarget, entryKey: string): void {
  const key = chatKey(target);
  const held = useChat.getState().conversations.get(key);
  if (held === undefined) return;
  change(key, () => ({ ...held, entries: held.entries.filter((entry) => entry.key !== entryKey) }));
}

/** Notes whether there is still older history at the relay. */
export function setMore(target: ChatTarget, more: boolean): void {
  const key = chatKey(target);
  const held = useChat.getState().conversations.get(key);
  if (held !== undefined) change(key, () => ({ ...held, more }));
}

/** Forgets everything: another room has other conversations. */
export function clearChats(): void {
  useChat.setState({ conversations: new Map(), open: null });
}

/** Asks for all conversations; a program that does not answer now tells each message later by itself. */
export async function fetchConversations(api: SidetoneApi): Promise<void> {
  try {
    takeConversations(await api.getConversations());
  } catch {
    // A lost link says so itself, and when it is back this is asked again.
  }
}
