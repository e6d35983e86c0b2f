import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DASHBOARD_BURST,
  type ExchangePeer,
  type ExchangeSide,
  SIGNAL_BURST,
  SignallingExchange,
} from './exchange.ts';
import { readSignal } from './signal-message.ts';

class Recorded implements ExchangePeer {
  readonly texts: string[] = [];
  closed: number | null = null;

  send(text: string): void {
    this.texts.push(text);
  }

  close(code: number): void {
    this.closed = code;
  }

  get kinds(): string[] {
    return this.texts.map((text) => {
      const reading = readSignal(text);
      return reading.ok ? reading.signal.type : reading.reason;
    });
  }
}

function joined(exchange: SignallingExchange, side: ExchangeSide, nowMs = 0) {
  const peer = new Recorded();
  return { peer, ...exchange.join('room', side, peer, nowMs) };
}

const OFFER = '{"type":"offer","sdp":"v=0\\r\\n"}';
const ANSWER = '{"type":"answer","sdp":"v=0\\r\\n"}';

describe('the exchange between a room and its dashboard', () => {
  test('hands on what they say, in order and byte for byte', () => {
    const exchange = new SignallingExchange();
    const robot = joined(exchange, 'robot');
    const dashboard = joined(exchange, 'dashboard');
    dashboard.handleText('{"type":"ready"}', 1);
    robot.handleText(OFFER, 2);
    dashboard.handleText(ANSWER, 3);
    const candidate = '{"type":"ice_candidate","candidate":"c","sdp_mid":"0","sdp_mline_index":0}';
    robot.handleText(candidate, 4);
    expect(robot.peer.texts).toEqual(['{"type":"welcome"}', '{"type":"ready"}', ANSWER]);
    expect(dashboard.peer.texts).toEqual(['{"type":"welcome"}', OFFER, candidate]);
  });

  test('a newer dashboard takes over, and the older is told before it is closed', () => {
    const exchange = new SignallingExchange();
    const robot = joined(exchange, 'robot');
    const older = joined(exchange, 'dashboard');
    const newer = joined(exchange, 'dashboard');
    expect(older.peer.kinds).toEqual(['welcome', 'error']);
    expect(older.peer.closed).toBe(4_000);
    older.handleText('{"type":"ready"}', 1);
    expect(robot.peer.kinds).toEqual(['welcome']);
    older.handleGone();
    newer.handleText('{"type":"ready"}', 1);
    robot.handleText(OFFER, 2);
    expect(newer.peer.kinds).toEqual(['welcome', 'offer']);
    expect(robot.peer.kinds).toEqual(['welcome', 'ready']);
  });

  test('a newer connection of the room takes over', () => {
    const exchange = new SignallingExchange();
    const older = joined(exchange, 'robot');
    const newer = joined(exchange, 'robot');
    const dashboard = joined(exchange, 'dashboard');
    dashboard.handleText('{"type":"ready"}', 1);
    expect(older.peer.kinds).toEqual(['welcome', 'error']);
    expect(older.peer.closed).toBe(4_000);
    expect(newer.peer.kinds).toEqual(['welcome', 'ready']);
    older.handleGone();
    expect(dashboard.peer.kinds).toEqual(['welcome']);
  });

  test('says that the room is away, and tells the room once it comes', () => {
    const exchange = new SignallingExchange();
    const dashboard = joined(exchange, 'dashboard');
    dashboard.handleText('{"type":"ready"}', 1);
    dashboard.handleText(ANSWER, 1);
    expect(dashboard.peer.kinds).toEqual(['welcome', 'error']);
    const robot = joined(exchange, 'robot');
    expect(robot.peer.kinds).toEqual(['welcome', 'ready']);
    robot.handleGone();
    expect(dashboard.peer.kinds).toEqual(['welcome', 'error', 'error']);
    expect(joined(exchange, 'robot').peer.kinds).toEqual(['welcome']);
  });

  test('a dashboard that left is not announced', () => {
    const exchange = new SignallingExchange();
    const dashboard = joined(exchange, 'dashboard');
    dashboard.handleText('{"type":"ready"}', 1);
    dashboard.handleGone();
    expect(joined(exchange, 'robot').peer.kinds).toEqual(['welcome']);
  });

  test('what neither may say goes nowhere', () => {
    const exchange = new SignallingExchange();
    const robot = joined(exchange, 'robot');
    const dashboard = joined(exchange, 'dashboard');
    robot.handleText('{"type":"ready"}', 1);
    robot.handleText('{"type":"welcome"}', 1);
    dashboard.handleText('{"type":"welcome"}', 1);
    dashboard.handleText('no message', 1);
    expect(robot.peer.kinds).toEqual(['welcome']);
    expect(dashboard.peer.kinds).toEqual(['welcome']);
    expect(exchange.counters).toMatchObject({ received: 4, notForwarded: 3, messageNotJson: 1 });
  });

  test('one message more than the burst ends the connection', () => {
    const exchange = new SignallingExchange();
    const dashboard = joined(exchange, 'dashboard');
    for (let count = 0; count < SIGNAL_BURST; count += 1) dashboard.handleText('{"type":"ready"}', 0);
    expect(dashboard.peer.closed).toBeNull();
    dashboard.handleText('{"type":"ready"}', 0);
    expect(dashboard.peer.closed).toBe(4_008);
    expect(exchange.counters.tooFast).toBe(1);
  });

  test('one dashboard more than the burst is refused, and the one before stays', () => {
    const exchange = new SignallingExchange();
    let last = joined(exchange, 'dashboard');
    for (let count = 1; count < DASHBOARD_BURST; count += 1) last = joined(exchange, 'dashboard');
    const refused = joined(exchange, 'dashboard');
    expect(refused.peer.closed).toBe(4_008);
    expect(last.peer.closed).toBeNull();
    expect(joined(exchange, 'dashboard', 1_000).peer.closed).toBeNull();
  });

  test('every message is accounted for, whatever happens in which order', () => {
    const step = fc.record({
      act: fc.constantFrom('join', 'leave', 'say'),
      side: fc.constantFrom<ExchangeSide>('robot', 'dashboard'),
      text: fc.constantFrom('{"type":"ready"}', OFFER, ANSWER, '{"type":"welcome"}', '{', '{"type":1}'),
      waitMs: fc.integer({ min: 0, max: 2_000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const exchange = new SignallingExchange();
        const sides = { robot: joined(exchange, 'robot'), dashboard: joined(exchange, 'dashboard') };
        let nowMs = 0;
        for (const { act, side, text, waitMs } of steps) {
          nowMs += waitMs;
          if (act === 'join') sides[side] = joined(exchange, side, nowMs);
          else if (act === 'leave') sides[side].handleGone();
          else sides[side].handleText(text, nowMs);
        }
        const { counters } = exchange;
        expect(counters.received).toBe(
          counters.forwarded +
            counters.held +
            counters.otherSideAway +
            counters.notForwarded +
            counters.tooFast +
            counters.messageTooLong +
            counters.messageNotJson +
            counters.messageUnknown,
        );
      }),
    );
  });
});
