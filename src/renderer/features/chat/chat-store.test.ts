import { beforeEach, describe, expect, test } from 'vitest';
import type { ChatEntry, ChatTarget } from '../../../contract/chat.ts';
import {
  chatKey,
  dropEntry,
  keepDraft,
  MAX_CONVERSATIONS,
  MAX_HELD_CHATS,
  markRead,
  mergeEntries,
  openChat,
  takeChatEvent,
  takeConversations,
  unreadCount,
  useChat,
} from './chat-store.ts';

const lobby: ChatTarget = { kind: 'channel', channel: 1 };
const ann: ChatTarget = { kind: 'member', identity: 'ann' };

const entry = (order: number, part: Partial<ChatEntry> = {}): ChatEntry => ({
  key: `k${order}`,
  order,
  own: false,
  nickname: 'Ann',
  identity: 'ann',
  text: `message ${order}`,
  sentMs: order,
  state: 'delivered',
  problem: '',
  ...part,
});

const held = (target: ChatTarget) => {
  const conversation = useChat.getState().conversations.get(chatKey(target));
  if (conversation === undefined) throw new Error('no such conversation');
  return conversation;
};
const orders = (target: ChatTarget): number[] => held(target).entries.map((one) => one.order);

beforeEach(() => {
  useChat.setState(useChat.getInitialState(), true);
});

describe('entries', () => {
  test('are replaced by key, also when their order changes, and stand in order', () => {
    const pending = entry(5, { key: 'mine', own: true, state: 'pending' });
    const taken = entry(7, { key: 'mine', own: true });
    const merged = mergeEntries([entry(4), pending, entry(6)], [taken]);
    expect(merged.map((one) => [one.key, one.order, one.state])).toEqual([
      ['k4', 4, 'delivered'],
      ['k6', 6, 'delivered'],
      ['mine', 7, 'delivered'],
    ]);
  });

  test.each([
    [MAX_HELD_CHATS - 1, MAX_HELD_CHATS - 1, 0],
    [MAX_HELD_CHATS, MAX_HELD_CHATS, 0],
    [MAX_HELD_CHATS + 1, MAX_HELD_CHATS, 1],
  ])('of %i the newest %i stay', (given, kept, first) => {
    const merged = mergeEntries(
      [],
      Array.from({ length: given }, (_, order) => entry(order)),
    );
    expect(merged).toHaveLength(kept);
    expect(merged[0]?.order).toBe(first);
  });
});

describe('unread', () => {
  test('what was there before the window is not news; what comes is, until it is seen', () => {
    takeConversations([{ target: lobby, title: 'Lobby', entries: [entry(1), entry(2)], more: true }]);
    expect(unreadCount(held(lobby))).toBe(0);
    takeChatEvent({ target: lobby, title: 'Lobby', entry: entry(3) });
    takeChatEvent({ target: lobby, title: 'Lobby', entry: entry(4, { own: true }) });
    expect(unreadCount(held(lobby))).toBe(1);
    markRead(chatKey(lobby));
    expect(unreadCount(held(lobby))).toBe(0);
  });

  test('older history that was asked for is not news, and neither is an entry told again', () => {
    takeConversations([{ target: lobby, title: 'Lobby', entries: [entry(10)], more: true }]);
    takeChatEvent({ target: lobby, title: 'Lobby', entry: entry(3) });
    takeChatEvent({ target: lobby, title: 'Lobby', entry: entry(10) });
    expect(unreadCount(held(lobby))).toBe(0);
    expect(orders(lobby)).toEqual([3, 10]);
  });

  test('after a broken link the program tells all again: only what came meanwhile is news', () => {
    takeConversations([{ target: ann, title: 'Ann', entries: [entry(1)], more: false }]);
    keepDraft(ann, 'Ann', 'half a sent');
    takeConversations([{ target: ann, title: 'Ann', entries: [entry(1), entry(2)], more: false }]);
    expect(unreadCount(held(ann))).toBe(1);
    expect(held(ann).draft).toBe('half a sent');
  });
});

test('opening a conversation that has none yet makes an empty one, and keeps one that has', () => {
  openChat(ann, 'Ann');
  expect(useChat.getState().open).toBe('member:ann');
  expect(orders(ann)).toEqual([]);
  takeChatEvent({ target: ann, title: 'Ann', entry: entry(1) });
  openChat(ann, 'Ann');
  expect(orders(ann)).toEqual([1]);
});

test('a failed message that was sent again is taken out alone', () => {
  takeConversations([{ target: ann, title: 'Ann', entries: [entry(1), entry(2)], more: false }]);
  dropEntry(ann, 'k1');
  dropEntry(lobby, 'k2');
  expect(orders(ann)).toEqual([2]);
});

test('conversations are bounded; the open one and those with news stay', () => {
  openChat({ kind: 'member', identity: 'open' }, 'Open');
  for (let count = 0; count < MAX_CONVERSATIONS + 5; count += 1) {
    const target: ChatTarget = { kind: 'member', identity: `person ${count}` };
    takeChatEvent({ target, title: 'P', entry: entry(count) });
  }
  const { conversations } = useChat.getState();
  expect(conversations.size).toBe(MAX_CONVERSATIONS);
  expect(conversations.has('member:open')).toBe(true);
  expect(conversations.has('member:person 0')).toBe(false);
  expect(conversations.has(`member:person ${MAX_CONVERSATIONS + 4}`)).toBe(true);
});

test('marking what was seen changes nothing where there is nothing new', () => {
  takeConversations([{ target: lobby, title: 'Lobby', entries: [entry(1)], more: false }]);
  const before = useChat.getState();
  markRead(chatKey(lobby));
  markRead('member:nobody');
  expect(useChat.getState()).toBe(before);
});
