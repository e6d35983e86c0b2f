import { describe, expect, it } from 'vitest';
import type { ChatEvent, ChatTarget } from '../../contract/chat.ts';
import { MAX_SHOWN_CHATS } from '../../contract/limits.ts';
import type { ChatMessage } from '../../core/wire/chat.ts';
import { ChatLog } from './chat-log.ts';

const ADA = 'A'.repeat(43);
const BOB = 'B'.repeat(43);
const lobby: ChatTarget = { kind: 'channel', channel: 1 };

function setUp() {
  const events: ChatEvent[] = [];
  const log = new ChatLog({
    onDidChange: (event) => events.push(event),
    title: (target) => (target.kind === 'channel' ? 'Lobby' : 'Bob'),
    ownIdentity: () => ({ identity: ADA, nickname: 'Ada' }),
    wallMs: () => 5,
  });
  const texts = (): string[] => log.conversations()[0]?.entries.map((entry) => entry.text) ?? [];
  return { log, events, texts };
}

function message(id: number, text: string, to: ChatTarget = lobby): ChatMessage {
  return { id, from: { identity: BOB, nickname: 'Bob' }, to, text, sentMs: id };
}

describe('ChatLog', () => {
  it('turns a waiting message into the delivered one instead of showing it twice', () => {
    const { log, events } = setUp();
    log.handleSent(1, lobby, 'hello');
    expect(events.at(-1)?.entry.state).toBe('pending');
    log.handleSettled(1, { kind: 'taken', message: 7, sentMs: 7 });
    log.handleMessage({ ...message(7, 'hello'), from: { identity: ADA, nickname: 'Ada' } }, true);
    const [conversation] = log.conversations();
    expect(conversation?.entries).toHaveLength(1);
    expect(conversation?.entries[0]).toMatchObject({ state: 'delivered', order: 7, sentMs: 7, own: true });
    expect(new Set(events.map((event) => event.entry.key)).size).toBe(1);
  });

  it('keeps a failed message with the reason', () => {
    const { log } = setUp();
    log.handleSent(1, lobby, 'hello');
    log.handleSettled(1, { kind: 'failed', certain: true, code: null, sentence: 'No.' });
    expect(log.conversations()[0]?.entries[0]).toMatchObject({ state: 'failed', problem: 'No.' });
  });

  it('orders by the number of the relay, waiting ones last', () => {
    const { log, texts } = setUp();
    log.handleMessage(message(5, 'five'), false);
    log.handleSent(1, lobby, 'mine');
    log.handleSent(2, lobby, 'mine too');
    log.handleMessage(message(3, 'three'), false);
    expect(texts()).toEqual(['three', 'five', 'mine', 'mine too']);
    log.handleMessage(message(6, 'six'), false);
    log.handleSettled(1, { kind: 'taken', message: 8, sentMs: 80 });
    expect(texts().at(-1)).toBe('mine');
    expect(log.oldestOf(1)).toBe(3);
  });

  it('files what one person wrote to us under that person', () => {
    const { log } = setUp();
    log.handleMessage(message(1, 'psst', { kind: 'member', identity: ADA }), false);
    log.handleSent(1, { kind: 'member', identity: BOB }, 'yes?');
    expect(log.conversations()).toHaveLength(1);
    expect(log.conversations()[0]?.target).toEqual({ kind: 'member', identity: BOB });
  });

  it('keeps the newest messages of a conversation', () => {
    const { log } = setUp();
    for (let id = 1; id <= MAX_SHOWN_CHATS + 1; id += 1) log.handleMessage(message(id, `${id}`), false);
    expect(log.conversations()[0]?.entries).toHaveLength(MAX_SHOWN_CHATS);
    expect(log.conversations()[0]?.entries[0]?.text).toBe('2');
  });

  it('keeps older pages that the person asked for, up to the same bound', () => {
    const { log } = setUp();
    log.handleMessage(message(50, 'now'), false);
    log.handleMessage(message(10, 'before'), false);
    log.setMore(1, true);
    expect(log.conversations()[0]).toMatchObject({ more: true });
    expect(log.oldestOf(1)).toBe(10);
  });
});
