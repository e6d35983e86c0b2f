import { assert } from '../base/assert.ts';
import { type ChannelInfo, MAX_CHANNELS, MAX_ROOM_MEMBERS } from '../wire/channels.ts';
import type { Mac } from '../wire/probe.ts';
import { ControlPlane } from './control-plane.ts';
import { Forwarding } from './forwarding.ts';
import type { Endpoint, LaneId, RelayOut } from './relay-out.ts';
import { Room } from './room.ts';

export type { Endpoint, LaneId, RelayOut } from './relay-out.ts';

export interface RelayOptions {
  readonly roomName: string;
  /** 1 to MAX_ROOM_MEMBERS. */
  readonly maxMembers: number;
  /** One to MAX_CHANNELS, ids unique; the first is where members land. */
  readonly channels: readonly ChannelInfo[];
  readonly mac: Mac;
  /** A cryptographically random u32. */
  randomToken(): number;
  /** 32 cryptographically random bytes, a fresh array each time. */
  randomPathKey(): Uint8Array;
}

/**
 * A whole relay without its sockets: control lanes, members, channels, voice fan-out.
 *
 * Nothing that arrives makes a handler throw. Handlers must not be called from within `out`.
 */
export class RelayEngine {
  readonly #room: Room;
  readonly #control: ControlPlane;
  readonly #forwarding: Forwarding;

  /** @throws when the options break a limit: that is the host's configuration, checked before it comes here */
  constructor(options: RelayOptions) {
    assert(options.maxMembers >= 1 && options.maxMembers <= MAX_ROOM_MEMBERS, 'maxMembers within its limit');
    assert(options.channels.length <= MAX_CHANNELS, 'channels within their limit');
    this.#room = new Room(options.channels, options.maxMembers, () => options.randomToken());
    this.#control = new ControlPlane({
      roomName: options.roomName,
      room: this.#room,
      randomPathKey: () => options.randomPathKey(),
    });
    this.#forwarding = new Forwarding(this.#room, options.mac);
  }

  /** A TLS connection was accepted and upgraded. */
  handleLaneOpened(lane: LaneId, nowMs: number, out: RelayOut): void {
    this.#control.handleLaneOpened(lane, nowMs, out);
  }

  /** A text message; binary ones are the adapter's to refuse. */
  handleLaneMessage(lane: LaneId, text: string, nowMs: number, out: RelayOut): void {
    this.#control.handleLaneMessage(lane, text, nowMs, out);
  }

  /** The peer closed the lane, or it broke. Lanes the engine closed itself may be reported too; they are ignored. */
  handleLaneClosed(lane: LaneId, _nowMs: number, out: RelayOut): void {
    this.#control.handleLaneClosed(lane, out);
  }

  /** One UDP datagram. `bytes` and `source` are not kept. */
  handleDatagram(
    bytes: Uint8Array,
    lengthBytes: number,
    source: Endpoint,
    nowMs: number,
    out: RelayOut,
  ): void {
    this.#forwarding.handleDatagram(bytes, lengthBytes, source, nowMs, out);
  }

  /** Call at `nextDeadlineMs()` or later; earlier calls do nothing. */
  handleDeadline(nowMs: number, out: RelayOut): void {
    this.#control.handleDeadline(nowMs, out);
  }

  nextDeadlineMs(): number | null {
    return this.#control.nextDeadlineMs();
  }

  /** Tells everybody that the room is closing and closes their lanes. */
  close(_nowMs: number, out: RelayOut): void {
    this.#control.close(out);
  }

  /** Counters since the start, and `members` and `lanes` as they are now. Discarded datagrams: `discard.<reason>`. */
  stats(): Record<string, number> {
    const stats: Record<string, number> = {
      members: this.#room.size,
      lanes: this.#control.laneCount,
      ...this.#forwarding.traffic,
    };
    for (const [reason, count] of Object.entries(this.#forwarding.discards))
      stats[`discard.${reason}`] = count;
    return Object.assign(stats, this.#control.counters);
  }
}
