import { describe, expect, test } from 'vitest';
import { RecordedSession, welcomeFor } from '../sim/recorded-session.ts';
import { simIdentity } from '../sim/sim-room.ts';
import { type ChatMessage, MAX_CHAT_BYTES } from '../wire/chat.ts';
import type { ClientMessage, RelayMessage } from '../wire/control.ts';
import { MAX_UNACKNOWLEDGED, SEEN_INTERVAL_MS } from './chat-inbox.ts';
import { CHAT_PACE_MS, CHAT_TIMEOUT_MS, MAX_CHAT_BURST, MAX_CHAT_OUTBOX } from './chat-outbox.ts';

const lobby = { kind: 'channel', channel: 1 } as const;

function entered(): RecordedSession {
  const session = new RecordedSession();
  session.enter();
  session.takeSent();
  return session;
}

/** @returns the number of the chat */
function write(session: RecordedSession, text: string): number {
  const written = session.engine.sendChat(lobby, text, session.nowMs, session.out);
  if (!written.ok) throw new Error(written.sentence);
  return written.id;
}

function chatsIn(messages: readonly ClientMessage[]): string[] {
  return messages.flatMap((message) => (message.type === 'chat' ? [`${message.id} ${message.text}`] : []));
}

function taken(id: number): RelayMessage {
  return { type: 'chatTaken', id, message: 100 + id, sentMs: 5 };
}

function refusedChat(id: number): RelayMessage {
  return { type: 'refused', code: 'chatTooFast', rule: null, request: null, chat: id };
}

function delivery(number: number, from = simIdentity(8)): RelayMessage {
  return { type: 'chat', delivery: number, message: messageOf(number, from) };
}

function messageOf(number: number, identity = simIdentity(8)): ChatMessage {
  return { id: number, from: { identity, nickname: 'Ben' }, to: lobby, text: `text ${number}`, sentMs: 5 };
}

function expectBalance({ engine, settledTwice }: RecordedSession): void {
  const { chatsWritten, chatsTaken, chatsRefused, chatsFailed } = engine.counters;
  expect(chatsWritten).toBe(chatsTaken + chatsRefused + chatsFailed + engine.waiting.chats);
  const { deliveries, deliveriesShown, deliveriesRepeated, deliveriesOutOfOrder } = engine.counters;
  expect(deliveries).toBe(deliveriesShown + deliveriesRepeated + deliveriesOutOfOrder);
  expect(settledTwice).toBe(0);
}

describe('chat on its way out', () => {
  test('goes one by one: the next when the relay has taken or refused the last', () => {
    const session = entered();
    const ids = ['one', 'two', 'three'].map((text) => write(session, text));
    expect(chatsIn(session.takeSent())).toEqual(['1 one']);
    session.hear(taken(2));
    expect(chatsIn(session.takeSent())).toEqual([]);
    session.hear(taken(1));
    expect(chatsIn(session.takeSent())).toEqual(['2 two']);
    session.hear(refusedChat(2));
    expect(chatsIn(session.takeSent())).toEqual(['3 three']);
    session.hear(taken(1));
    expect(session.outcomes.get(ids[0] ?? 0)).toEqual({ kind: 'taken', message: 101, sentMs: 5 });
    expect(session.outcomes.get(ids[1] ?? 0)).toEqual({
      kind: 'failed',
      certain: true,
      code: 'chatTooFast',
      sentence: 'You are writing too fast. Wait a moment and send it again.',
    });
    expect(session.outcomes.has(ids[2] ?? 0)).toBe(false);
    expect(session.engine.counters.messagesUnexpected).toBe(2);
    expectBalance(session);
  });

  test('cannot be empty, invisible, too long, or written outside a room', () => {
    const outside = new RecordedSession();
    expect(outside.engine.sendChat(lobby, 'hello', 0, outside.out)).toMatchObject({ ok: false });
    outside.connect();
    expect(outside.engine.sendChat(lobby, 'hello', 0, outside.out)).toMatchObject({ ok: false });
    const session = entered();
    const half = 'ü'.repeat(MAX_CHAT_BYTES / 2);
    for (const text of ['', ' \n', '\u0007', '\u202egnp', `${half}x`])
      expect(session.engine.sendChat(lobby, text, session.nowMs, session.out)).toMatchObject({ ok: false });
    expect(session.takeSent()).toEqual([]);
    write(session, half);
    expect(session.takeSent().length).toBe(1);
  });

  test('waits for the connection, up to its limit', () => {
    const session = entered();
    session.laneClosed();
    for (let count = 0; count < MAX_CHAT_OUTBOX; count += 1) write(session, `text ${count}`);
    expect(session.engine.sendChat(lobby, 'one more', session.nowMs, session.out)).toMatchObject({
      ok: false,
      sentence: expect.stringMatching(/wait/),
    });
    session.passPause();
    session.greet(welcomeFor(7, { resumed: true }));
    for (let count = 1; count <= MAX_CHAT_OUTBOX; count += 1) session.hear(taken(count));
    // One by one, but so many without a pause; then at the relay's pace.
    expect(chatsIn(session.takeSent()).length).toBe(MAX_CHAT_BURST);
    for (let count = MAX_CHAT_BURST + 1; count <= MAX_CHAT_OUTBOX; count += 1) {
      session.pass(CHAT_PACE_MS - 1);
      expect(chatsIn(session.takeSent())).toEqual([]);
      session.pass(1);
      const sent = session.takeSent();
      expect(chatsIn(sent)).toEqual([`${count} text ${count - 1}`]);
      for (const message of sent) if (message.type === 'ping') session.hear({ type: 'pong', id: message.id });
      session.hear(taken(count));
    }
    expect(session.engine.counters.chatsTaken).toBe(MAX_CHAT_OUTBOX);
    expectBalance(session);
  });

  test('is sent again with its number after a resume, unless the relay has it', () => {
    const session = entered();
    const first = write(session, 'one');
    const second = write(session, 'two');
    session.takeSent();
    session.comeBack(welcomeFor(7, { resumed: true, chatTaken: 0 }));
    expect(chatsIn(session.takeSent())).toEqual(['1 one']);
    expect(session.outcomes.size).toBe(0);
    session.comeBack(welcomeFor(7, { resumed: true, chatTaken: 1 }));
    expect(session.outcomes.get(first)).toEqual({ kind: 'taken', message: null, sentMs: null });
    expect(chatsIn(session.takeSent())).toEqual(['2 two']);
    session.hear(taken(2));
    expect(session.outcomes.get(second)).toMatchObject({ kind: 'taken', message: 102 });
    expectBalance(session);
  });

  test('whose session is gone is not sent twice; what was never sent goes out in the new one', () => {
    const session = entered();
    const first = write(session, 'one');
    const second = write(session, 'two');
    session.takeSent();
    session.comeBack(welcomeFor(20));
    expect(session.outcomes.get(first)).toEqual({
      kind: 'failed',
      certain: false,
      code: null,
      sentence: 'The connection was lost, and it is not certain that this message arrived.',
    });
    expect(chatsIn(session.takeSent())).toEqual(['1 two']);
    session.hear(taken(1));
    expect(session.outcomes.get(second)).toMatchObject({ kind: 'taken' });
    expectBalance(session);
  });

  test('fails when the session ends, and says which may have arrived', () => {
    const session = entered();
    const sent = write(session, 'one');
    const unsent = write(session, 'two');
    session.engine.handleLeave(session.nowMs, session.out);
    expect(session.outcomes.get(sent)).toMatchObject({ kind: 'failed', certain: false });
    expect(session.outcomes.get(unsent)).toMatchObject({ kind: 'failed', certain: true });
    expectBalance(session);
  });

  test('that the relay never answers is given up, and does not hold up the next', () => {
    const session = entered();
    const silent = write(session, 'one');
    write(session, 'two');
    session.takeSent();
    const untilMs = session.nowMs + CHAT_TIMEOUT_MS;
    while (session.nowMs + 10_000 < untilMs) {
      session.pass(10_000);
      const ping = session.takeSent().find((message) => message.type === 'ping');
      session.hear({ type: 'pong', id: ping?.id ?? 0 });
    }
    session.pass(untilMs - session.nowMs - 1);
    expect(session.outcomes.size).toBe(0);
    session.pass(1);
    expect(session.outcomes.get(silent)).toMatchObject({ kind: 'failed', certain: false });
    expect(chatsIn(session.takeSent())).toEqual(['2 two']);
    expectBalance(session);
  });
});

describe('chat that comes in', () => {
  const seenIn = (messages: readonly ClientMessage[]): number[] =>
    messages.flatMap((message) => (message.type === 'chatSeen' ? [message.seen] : []));

  test('is shown once, in order, with whose it is, and acknowledged together', () => {
    const session = entered();
    session.hear(delivery(1));
    session.pass(SEEN_INTERVAL_MS - 1);
    session.hear(delivery(2, simIdentity(7)));
    session.hear(delivery(2, simIdentity(7)));
    expect(seenIn(session.takeSent())).toEqual([]);
    session.pass(1);
    expect(seenIn(session.takeSent())).toEqual([2]);
    session.pass(2 * SEEN_INTERVAL_MS);
    expect(seenIn(session.takeSent())).toEqual([]);
    session.hear(delivery(1));
    session.pass(SEEN_INTERVAL_MS);
    expect(seenIn(session.takeSent())).toEqual([2]);
    expect(session.chats).toEqual([
      { message: messageOf(1), own: false },
      { message: messageOf(2, simIdentity(7)), own: true },
    ]);
    expect(session.engine.counters).toMatchObject({ deliveriesShown: 2, deliveriesRepeated: 2 });
    expectBalance(session);
  });

  test('is acknowledged at once when much comes', () => {
    const session = entered();
    for (let number = 1; number < MAX_UNACKNOWLEDGED; number += 1) session.hear(delivery(number));
    expect(seenIn(session.takeSent())).toEqual([]);
    session.hear(delivery(MAX_UNACKNOWLEDGED));
    expect(seenIn(session.takeSent())).toEqual([MAX_UNACKNOWLEDGED]);
    session.pass(SEEN_INTERVAL_MS);
    expect(seenIn(session.takeSent())).toEqual([]);
  });

  test('with a hole closes the lane, and is asked for again', () => {
    const session = entered();
    session.hear(delivery(1));
    session.hear(delivery(3));
    expect([session.engine.phase, session.closed]).toEqual(['waiting', 1]);
    session.passPause();
    session.laneOpened();
    expect(session.sent.at(-1)).toMatchObject({ type: 'hello', resume: { chatSeen: 1 } });
    session.logIn();
    session.hear(welcomeFor(7, { resumed: true, chatSeen: 1 }));
    session.hear(delivery(2));
    session.hear(delivery(3));
    expect(session.chats.map((chat) => chat.message.id)).toEqual([1, 2, 3]);
    expect(session.engine.counters).toMatchObject({ deliveriesOutOfOrder: 1, deliveriesMissed: 0 });
    expectBalance(session);
  });

  test('is counted where a relay lost it, and begins anew with a new session', () => {
    const session = entered();
    session.hear(delivery(1));
    session.comeBack(welcomeFor(7, { resumed: true, chatSeen: 4 }));
    session.hear(delivery(5));
    expect(session.engine.counters.deliveriesMissed).toBe(3);
    session.comeBack(welcomeFor(20, { chatSeen: 0 }));
    session.hear(delivery(1));
    expect(session.chats.map((chat) => chat.message.id)).toEqual([1, 5, 1]);
    expectBalance(session);
  });
});
