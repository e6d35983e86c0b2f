import { describe, expect, test } from 'vitest';
import { simIdentity } from '../sim/sim-room.ts';
import { type ChatMessage, MAX_CHAT_BYTES, MAX_UNDELIVERED_CHATS } from '../wire/chat.ts';
import { Inbox, MAX_UNDELIVERED_CHAT_BYTES } from './inbox.ts';

const longest = 'a'.repeat(MAX_CHAT_BYTES);

/** Messages at their longest that an inbox takes. */
const LONGEST_ONES = MAX_UNDELIVERED_CHAT_BYTES / (2 * MAX_CHAT_BYTES);

function message(text: string): ChatMessage {
  const from = { identity: simIdentity(1), nickname: 'Anna' };
  return { id: 1, from, to: { kind: 'member', identity: simIdentity(2) }, text, sentMs: 0 };
}

function filled(count: number, text: string): Inbox {
  const inbox = new Inbox(0, []);
  for (let added = 0; added < count; added += 1) inbox.add(message(text));
  return inbox;
}

describe('an inbox', () => {
  test('has room for so many messages; then the oldest makes way', () => {
    expect(filled(MAX_UNDELIVERED_CHATS - 1, 'a').makesWay('a')).toBeNull();
    const full = filled(MAX_UNDELIVERED_CHATS, 'a');
    expect(full.makesWay('a')).toBe(1);
    expect(full.drop(1)).toBe(1);
    expect(full.makesWay('a')).toBeNull();
    expect(full.add(message('a')).delivery).toBe(MAX_UNDELIVERED_CHATS + 1);
    expect(full.makesWay('a')).toBe(2);
    expect(filled(MAX_UNDELIVERED_CHATS + 1, 'a').makesWay('a')).toBe(2);
  });

  test('has room for so much text, up to the last byte', () => {
    const almost = filled(LONGEST_ONES - 1, longest);
    almost.add(message('a'.repeat(MAX_CHAT_BYTES - 1)));
    expect(almost.makesWay('a')).toBeNull();
    expect(almost.makesWay('aa')).toBe(1);
    const full = filled(LONGEST_ONES, longest);
    expect(full.makesWay('a')).toBe(1);
    expect(full.makesWay(longest)).toBe(1);
    expect(full.waiting.length).toBeLessThan(MAX_UNDELIVERED_CHATS);
  });

  test('lets as many make way as a long text takes the place of', () => {
    const inbox = filled(100, 'a'.repeat(1_000));
    for (let rest = MAX_UNDELIVERED_CHAT_BYTES - 200_000; rest > 0; rest -= 2 * MAX_CHAT_BYTES) {
      inbox.add(message('a'.repeat(Math.min(MAX_CHAT_BYTES, rest / 2))));
    }
    expect(inbox.makesWay('a'.repeat(1_000))).toBe(1);
    expect(inbox.makesWay('a'.repeat(1_001))).toBe(2);
    expect(inbox.makesWay(longest)).toBe(5);
    expect(inbox.drop(5)).toBe(5);
    expect(inbox.makesWay(longest)).toBeNull();
    expect(inbox.floor).toBe(5);
  });

  test('has the room back that was acknowledged, once', () => {
    const inbox = filled(LONGEST_ONES, longest);
    expect(inbox.acknowledge(1)).toBe(1);
    expect(inbox.acknowledge(1)).toBe(0);
    expect(inbox.makesWay(longest)).toBeNull();
    inbox.add(message(longest));
    expect(inbox.makesWay('a')).toBe(2);
    expect(inbox.acknowledge(2 ** 40)).toBe(LONGEST_ONES);
    expect(inbox.makesWay(longest)).toBeNull();
    expect([inbox.waiting, inbox.floor]).toEqual([[], LONGEST_ONES + 1]);
  });

  test('counts what it came back with after a restart', () => {
    const before = filled(LONGEST_ONES, longest);
    const after = new Inbox(0, before.waiting);
    expect([after.delivered, after.makesWay('a')]).toEqual([LONGEST_ONES, 1]);
  });
});
