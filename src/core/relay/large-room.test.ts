import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { RecordedRelay } from '../sim/recorded-relay.ts';
import { RecordedSession } from '../sim/recorded-session.ts';
import { MAX_NEWS } from '../wire/control.ts';
import { LARGE_ROOM_PAGE } from './member-pages.ts';
import { LARGE_ROOM_MEMBERS, MAX_LANES_PER_TURN, NEWS_INTERVAL_MS } from './news-feed.ts';

const CROWD = LARGE_ROOM_MEMBERS + 150;
/** Enough for all pages of the crowd. */
const ROUNDS = 20;

function hallOf(size: number): { room: RecordedRelay; lanes: number[] } {
  const room = new RecordedRelay({
    mac: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
    maxMembers: CROWD + 100,
  });
  return { room, lanes: Array.from({ length: size }, (_, at) => come(room, `Member ${at}`)) };
}

/** Somebody comes; the clock moves on a little, so that nobody is too fast. */
function come(room: RecordedRelay, nickname: string): number {
  const lane = room.greet(nickname, { address: addressOf(nickname) });
  room.pass(1);
  return lane;
}

/** Spread, as one address has only so many places. */
function addressOf(nickname: string): string {
  const sum = Array.from(nickname).reduce((total, letter) => total * 31 + letter.charCodeAt(0), 7);
  return `192.0.${sum % 7}.1`;
}

/** A client on a lane of the relay: what it sends goes there, what it is sent comes from there. */
class Mirror {
  readonly session = new RecordedSession();
  readonly lane: number;
  readonly #room: RecordedRelay;

  constructor(room: RecordedRelay, nickname: string) {
    this.#room = room;
    this.lane = room.greet(nickname, { address: '198.51.100.9' });
    const messages = room.take(this.lane);
    const welcome = messages.find((message) => message.type === 'welcome');
    if (welcome === undefined) throw new Error(`no welcome: ${JSON.stringify(messages)}`);
    this.session.enter(welcome);
    for (const message of messages.slice(messages.indexOf(welcome) + 1)) this.session.hear(message);
    this.session.takeSent();
    this.session.sent.push({ type: 'listMembers', after: 0 });
  }

  exchange(): void {
    for (const message of this.session.takeSent())
      if (message.type === 'listMembers') this.#room.say(this.lane, message);
    for (const message of this.#room.take(this.lane)) this.session.hear(message);
  }

  get tokens(): number[] {
    return this.session.engine.members.map((member) => member.token).sort((a, b) => a - b);
  }
}

function tokensAt(room: RecordedRelay): number[] {
  return room.engine
    .adminView()
    .members.map((member) => member.token)
    .sort((a, b) => a - b);
}

describe('a room larger than a welcome', () => {
  test('is shown page by page, while people come and go', () => {
    const { room, lanes } = hallOf(CROWD);
    const mirror = new Mirror(room, 'Observer');
    expect(mirror.session.welcomes[0]?.members.length).toBe(LARGE_ROOM_PAGE);
    expect(mirror.session.welcomes[0]?.membersComplete).toBe(false);
    for (let round = 0; round < ROUNDS; round += 1) {
      const going = lanes[round * 5];
      if (going !== undefined) room.say(going, { type: 'bye' });
      const muting = lanes[round * 5 + 1];
      if (muting !== undefined) room.say(muting, { type: 'state', muted: true, deafened: false });
      come(room, `Newcomer ${round}`);
      mirror.exchange();
      room.pass(NEWS_INTERVAL_MS / 2);
    }
    room.pass(2 * NEWS_INTERVAL_MS);
    mirror.exchange();
    expect(mirror.tokens).toEqual(tokensAt(room));
    const muted = mirror.session.engine.members.filter((member) => member.muted).length;
    expect(muted).toBe(ROUNDS);
    expect(mirror.session.engine.counters.messagesUnexpected).toBe(0);
  });

  test('is told of changes together: a storm of joins costs each a handful of messages', () => {
    const { room } = hallOf(CROWD);
    const mirror = new Mirror(room, 'Observer');
    room.pass(NEWS_INTERVAL_MS * 2);
    mirror.exchange();
    mirror.exchange();
    room.take(mirror.lane);
    for (let at = 0; at < 90; at += 1) come(room, `Late ${at}`);
    room.pass(NEWS_INTERVAL_MS * 2);
    const messages = room.take(mirror.lane).filter((message) => message.type !== 'keyPackageWanted');
    const news = messages.filter((message) => message.type === 'news');
    expect(news.flatMap((message) => message.news).length).toBe(90);
    expect(messages.some((message) => message.type === 'memberJoined')).toBe(false);
    expect(news.length).toBeLessThanOrEqual(
      1 + Math.ceil(90 / NEWS_INTERVAL_MS) * 2 + Math.ceil(90 / MAX_NEWS),
    );
  });

  test('news go before whatever else a lane is sent', () => {
    const { room, lanes } = hallOf(CROWD);
    const [lane = 0] = lanes;
    room.pass(NEWS_INTERVAL_MS * 2);
    room.take(lane);
    come(room, 'Somebody');
    room.say(lane, { type: 'ping', id: 5 });
    const types = room.take(lane).map((message) => message.type);
    expect(types.slice(-2)).toEqual(['news', 'pong']);
    room.pass(NEWS_INTERVAL_MS * 2);
    expect(room.take(lane).filter((message) => message.type === 'news')).toEqual([]);
  });

  test('are told in turns, so that voice comes in between', () => {
    const { room, lanes } = hallOf(CROWD);
    room.pass(NEWS_INTERVAL_MS * 2);
    for (const lane of lanes) room.take(lane);
    come(room, 'Somebody');
    // Without those that get the exchange of keys, and the news before it.
    const told = (): number =>
      lanes.filter((lane) => {
        const messages = room.messages.get(lane) ?? [];
        return messages.length > 0 && messages.every((message) => message.type === 'news');
      }).length;
    const before = told();
    room.nowMs += NEWS_INTERVAL_MS;
    room.engine.handleDeadline(room.nowMs, room.out);
    expect(told() - before).toBeLessThanOrEqual(MAX_LANES_PER_TURN);
    expect(told()).toBeGreaterThan(before);
    room.pass(NEWS_INTERVAL_MS);
    expect(lanes.filter((lane) => !room.messages.has(lane))).toEqual([]);
  });

  test('a small room is told at once', () => {
    const { room, lanes } = hallOf(20);
    const [lane = 0] = lanes;
    room.take(lane);
    come(room, 'Somebody');
    expect(room.take(lane).map((message) => message.type)).toContain('memberJoined');
  });
});
