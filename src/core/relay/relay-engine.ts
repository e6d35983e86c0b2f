import { assert } from '../base/assert.ts';
import { MAX_CHANNELS, MAX_ROOM_MEMBERS } from '../wire/channels.ts';
import type { Ban } from '../wire/control.ts';
import type { AdminActor, AdminCommand, AdminView } from './admin-port.ts';
import { ControlPlane } from './control-plane.ts';
import { earliest } from './earliest.ts';
import { Forwarding } from './forwarding.ts';
import { KeyDelivery } from './key-delivery.ts';
import { NewsFeed, NewsFirst } from './news-feed.ts';
import type { RelayOptions } from './relay-options.ts';
import type { CommandId, JobId, LaneFacts, LaneId, PasswordVerdict, RelayOut } from './relay-out.ts';
import { RoleBook } from './role-book.ts';
import { Room } from './room.ts';

export type { RelayOptions } from './relay-options.ts';
export type { CommandId, JobId, LaneFacts, LaneId, PasswordVerdict, RelayOut } from './relay-out.ts';

/**
 * A whole relay without its sockets: control lanes, members, channels, chat, keys on their way, voice fan-out.
 *
 * Nothing that arrives makes a handler throw. Handlers must not be called from within `out`.
 */
export class RelayEngine {
  readonly #room: Room;
  readonly #control: ControlPlane;
  readonly #forwarding: Forwarding;
  readonly #keys: KeyDelivery;
  readonly #feed: NewsFeed;
  #laneDatagramsFromNobody = 0;
  #closed = false;

  /** @throws when the options break a limit: that is the host's configuration, checked before it comes here */
  constructor(options: RelayOptions) {
    const { snapshot, ownerIdentity } = options;
    assert(options.maxMembers >= 1 && options.maxMembers <= MAX_ROOM_MEMBERS, 'maxMembers within its limit');
    assert(snapshot.channels.length <= MAX_CHANNELS, 'channels within their limit');
    const randomU32 = (): number => options.randomU32();
    const roles = new RoleBook(snapshot.roles, snapshot.assignments, ownerIdentity, snapshot.lastRoleId);
    this.#room = new Room(snapshot.channels, options.maxMembers, randomU32, (id) => roles.requiredRank(id));
    const { roomName: name, maxMembers } = options;
    this.#room.configure(snapshot.config ?? { name, maxMembers });
    this.#keys = new KeyDelivery({ randomU32 });
    const room = this.#room;
    this.#feed = new NewsFeed(function* () {
      for (const { lane } of room.members()) if (lane !== null) yield lane;
    });
    this.#control = new ControlPlane(options, this.#room, roles, this.#keys, this.#feed);
    this.#forwarding = new Forwarding(this.#room, { mac: options.mac, cookieKey: options.randomSecret() });
  }

  /** A TLS connection was accepted and upgraded. */
  handleLaneOpened(lane: LaneId, facts: LaneFacts, nowMs: number, out: RelayOut): void {
    if (this.#closed) out.closeLane(lane);
    else this.#control.handleLaneOpened(lane, facts, nowMs, this.#ordered(nowMs, out));
  }

  handleLaneMessage(lane: LaneId, text: string, nowMs: number, out: RelayOut): void {
    this.#control.handleLaneMessage(lane, text, nowMs, this.#ordered(nowMs, out));
  }

  /** One binary message of a lane: a datagram of a member whom UDP does not carry. `bytes` are not kept. */
  handleLaneDatagram(
    lane: LaneId,
    bytes: Uint8Array,
    lengthBytes: number,
    nowMs: number,
    out: RelayOut,
  ): void {
    const member = this.#control.memberOf(lane);
    if (member === null) this.#laneDatagramsFromNobody += 1;
    else this.#forwarding.handleLaneDatagram(member, bytes, lengthBytes, nowMs, out);
  }

  /** The peer closed the lane, or it broke. Lanes the engine closed itself may be reported too; they are ignored. */
  handleLaneClosed(lane: LaneId, nowMs: number, out: RelayOut): void {
    this.#control.handleLaneClosed(lane, nowMs, this.#ordered(nowMs, out));
  }

  /** The answer to `checkPassword`; each job has exactly one. */
  handlePasswordChecked(job: JobId, verdict: PasswordVerdict, nowMs: number, out: RelayOut): void {
    this.#control.handlePasswordChecked(job, verdict, nowMs, this.#ordered(nowMs, out));
  }

  /** The answer to `hashPassword`; each job has exactly one. @param hash null: it could not be made */
  handlePasswordHashed(job: JobId, hash: string | null, nowMs: number, out: RelayOut): void {
    this.#control.handlePasswordHashed(job, hash, nowMs, this.#ordered(nowMs, out));
  }

  /** One UDP datagram from a packed address (see packed-address.ts). `bytes` and `source` are not kept. */
  handleDatagram(
    bytes: Uint8Array,
    lengthBytes: number,
    source: Uint8Array,
    nowMs: number,
    out: RelayOut,
  ): void {
    this.#forwarding.handleDatagram(bytes, lengthBytes, source, nowMs, out);
  }

  /**
   * An account of the admin API asks for something; `answerAdmin` answers, at once or when a password is hashed. The
   * caller knows the account; what it may do is judged here, by its role, at the moment it is done.
   */
  handleAdminCommand(
    id: CommandId,
    actor: AdminActor,
    command: AdminCommand,
    nowMs: number,
    out: RelayOut,
  ): void {
    if (this.#closed) out.answerAdmin(id, { ok: false, code: 'relayClosing', rule: null });
    else this.#control.admin.handleCommand(id, actor, command, nowMs, this.#ordered(nowMs, out));
  }

  /** Writes what happened at the admin API itself into the audit log. @returns false when the store refused */
  handleAdminAudit(
    by: string,
    action: string,
    subject: string,
    reason: string,
    nowMs: number,
    out: RelayOut,
  ): boolean {
    return this.#control.admin.writeAudit(by, action, subject, reason, nowMs, out);
  }

  /** The room as accounts see it. What changes in it is told by `tellAdmin`. */
  adminView(): AdminView {
    return this.#control.admin.view();
  }

  /** Lanes that a stress test and gateways may bring beyond what one address may open otherwise. */
  get lanesBeyondAddress(): number {
    return this.#control.lanesBeyondAddress;
  }

  /** Newest first, without those that have ended. */
  bans(nowMs: number): Ban[] {
    return this.#control.admin.bans(nowMs);
  }

  /** Call at `nextDeadlineMs()` or later; earlier calls do nothing. */
  handleDeadline(nowMs: number, out: RelayOut): void {
    if (this.#closed) return;
    const ordered = this.#ordered(nowMs, out);
    this.#control.handleDeadline(nowMs, ordered);
    this.#keys.handleDeadline(nowMs, ordered);
    this.#feed.handleDeadline(nowMs, out);
  }

  /** Null once the relay is closed. */
  nextDeadlineMs(): number | null {
    if (this.#closed) return null;
    const control = this.#control.nextDeadlineMs();
    return earliest([control, this.#keys.nextDeadlineMs(), this.#feed.nextDeadlineMs()]);
  }

  /**
   * Tells everybody that the room is closing and closes their lanes. `restarting`: members keep their place, and
   * another engine on the same store takes them back.
   */
  close(reason: 'closing' | 'restarting', nowMs: number, out: RelayOut): void {
    this.#closed = true;
    this.#control.close(reason, nowMs, this.#ordered(nowMs, out));
  }

  /** In a room so large that news are gathered, a lane's news go before everything else it is sent. */
  #ordered(nowMs: number, out: RelayOut): RelayOut {
    this.#feed.begin(this.#room.size, nowMs);
    return this.#feed.gathering ? new NewsFirst(this.#feed, out) : out;
  }

  /** Counters since the start, and `members`, `lanes` and the like as they are now. Discarded datagrams: `discard.<reason>`. */
  stats(): Record<string, number> {
    const stats: Record<string, number> = {
      ...this.#control.gauges(),
      ...this.#forwarding.traffic,
      laneDatagramsFromNobody: this.#laneDatagramsFromNobody,
    };
    for (const [reason, count] of Object.entries(this.#forwarding.discards))
      stats[`discard.${reason}`] = count;
    for (const [name, count] of Object.entries(this.#keys.counters)) stats[`keys.${name}`] = count;
    return Object.assign(stats, this.#control.counters);
  }
}
