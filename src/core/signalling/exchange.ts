import { type Counters, createCounters } from '../base/counters.ts';
import { TokenBucket } from '../relay/token-bucket.ts';
import { readSignal, type Signal, writeSignal } from './signal-message.ts';

/** Messages that one side may send in the long run and at once: a browser sends a few dozen candidates in a burst. */
export const SIGNALS_PER_SECOND = 20;
export const SIGNAL_BURST = 100;

/** Dashboards that may come to one room in the long run and at once; each ends the one before. */
export const DASHBOARDS_PER_SECOND = 1;
export const DASHBOARD_BURST = 10;

/** Codes a connection is closed with (RFC 6455, section 7.4.1; from 4000 on private). */
export const CLOSED_BY_NEWER = 4_000;
export const CLOSED_TOO_MANY = 4_008;

export type ExchangeSide = 'robot' | 'dashboard';

/** One connection to the relay, as the exchange speaks to it. It never blocks. */
export interface ExchangePeer {
  send(text: string): void;
  close(code: number, reason: string): void;
}

const REPLACED_DASHBOARD = 'Another dashboard has taken over.';
const REPLACED_ROBOT = 'The room has connected anew.';
const ROOM_AWAY = 'The room is not connected at the moment. It will be told as soon as it is.';
const ROOM_LOST = 'The connection to the room is lost.';
const TOO_FAST = 'There were too many messages.';
const TOO_MANY = 'Too many dashboards came to this room. Wait a little.';

const COUNTED = [
  'robots',
  'dashboards',
  'robotReplaced',
  'dashboardReplaced',
  'dashboardRefused',
  'received',
  'forwarded',
  'held',
  'otherSideAway',
  'notForwarded',
  'tooFast',
  'messageTooLong',
  'messageNotJson',
  'messageUnknown',
] as const;
export type ExchangeCounter = (typeof COUNTED)[number];

interface Place {
  readonly peer: ExchangePeer;
  readonly bucket: TokenBucket;
}

interface Room {
  robot: Place | null;
  dashboard: Place | null;
  /** The dashboard said that it is ready while the room was away. */
  ready: boolean;
  readonly dashboards: TokenBucket;
}

/** Kinds that are handed on from each side. */
const FORWARDED: Readonly<Record<ExchangeSide, ReadonlySet<Signal['type']>>> = {
  robot: new Set(['offer', 'answer', 'ice_candidate', 'error'] as const),
  dashboard: new Set(['ready', 'offer', 'answer', 'ice_candidate', 'error'] as const),
};

/**
 * The relay's side of signalling: hands messages on between a room and the one dashboard that looks at it. Only what
 * the schema knows goes through, written anew. Who they are was proven before they come here.
 *
 * Counted: received = forwarded + held + otherSideAway + notForwarded + tooFast + messageTooLong + messageNotJson +
 * messageUnknown.
 */
export class SignallingExchange {
  readonly counters: Counters<ExchangeCounter> = createCounters(COUNTED);
  /** By id; as many as there are ids that somebody may connect with, and kept for their limits. */
  readonly #rooms = new Map<string, Room>();

  /** A connection that may. @returns what to do with its messages, and when it is gone */
  join(
    robotId: string,
    side: ExchangeSide,
    peer: ExchangePeer,
    nowMs: number,
  ): { handleText(text: string, nowMs: number): void; handleGone(): void } {
    const room = this.#room(robotId, nowMs);
    const place: Place = { peer, bucket: new TokenBucket(SIGNALS_PER_SECOND, SIGNAL_BURST, nowMs) };
    if (side === 'robot') this.#joinRobot(room, place);
    else this.#joinDashboard(room, place, nowMs);
    return {
      handleText: (text, atMs) => {
        if (room[side] === place) this.#handleText(room, side, place, text, atMs);
      },
      handleGone: () => {
        if (room[side] === place) this.#handleGone(room, side);
      },
    };
  }

  #room(robotId: string, nowMs: number): Room {
    const known = this.#rooms.get(robotId);
    if (known !== undefined) return known;
    const dashboards = new TokenBucket(DASHBOARDS_PER_SECOND, DASHBOARD_BURST, nowMs);
    const room: Room = { robot: null, dashboard: null, ready: false, dashboards };
    this.#rooms.set(robotId, room);
    return room;
  }

  #joinRobot(room: Room, place: Place): void {
    this.counters.robots += 1;
    if (room.robot !== null) {
      this.counters.robotReplaced += 1;
      tell(room.robot, { type: 'error', message: REPLACED_ROBOT });
      room.robot.peer.close(CLOSED_BY_NEWER, REPLACED_ROBOT);
    }
    room.robot = place;
    tell(place, { type: 'welcome' });
    if (!room.ready) return;
    room.ready = false;
    tell(place, { type: 'ready' });
  }

  #joinDashboard(room: Room, place: Place, nowMs: number): void {
    if (!room.dashboards.take(nowMs)) {
      this.counters.dashboardRefused += 1;
      tell(place, { type: 'error', message: TOO_MANY });
      place.peer.close(CLOSED_TOO_MANY, TOO_MANY);
      return;
    }
    this.counters.dashboards += 1;
    if (room.dashboard !== null) {
      this.counters.dashboardReplaced += 1;
      tell(room.dashboard, { type: 'error', message: REPLACED_DASHBOARD });
      room.dashboard.peer.close(CLOSED_BY_NEWER, REPLACED_DASHBOARD);
    }
    room.dashboard = place;
    room.ready = false;
    tell(place, { type: 'welcome' });
    if (room.robot === null) tell(place, { type: 'error', message: ROOM_AWAY });
  }

  #handleText(room: Room, side: ExchangeSide, place: Place, text: string, nowMs: number): void {
    this.counters.received += 1;
    if (!place.bucket.take(nowMs)) {
      this.counters.tooFast += 1;
      tell(place, { type: 'error', message: TOO_FAST });
      place.peer.close(CLOSED_TOO_MANY, TOO_FAST);
      return;
    }
    const reading = readSignal(text);
    this.counters[reading.ok ? this.#forward(room, side, reading.signal) : reading.reason] += 1;
  }

  /** @returns what became of it */
  #forward(room: Room, side: ExchangeSide, signal: Signal): ExchangeCounter {
    if (!FORWARDED[side].has(signal.type)) return 'notForwarded';
    const other = side === 'robot' ? room.dashboard : room.robot;
    if (other !== null) {
      tell(other, signal);
      return 'forwarded';
    }
    if (signal.type !== 'ready') return 'otherSideAway';
    room.ready = true;
    return 'held';
  }

  #handleGone(room: Room, side: ExchangeSide): void {
    room[side] = null;
    if (side === 'dashboard') room.ready = false;
    else if (room.dashboard !== null) tell(room.dashboard, { type: 'error', message: ROOM_LOST });
  }
}

function tell({ peer }: Place, signal: Signal): void {
  peer.send(writeSignal(signal));
}
