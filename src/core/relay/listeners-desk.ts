import { judgeHighestRank } from '../permissions/judge.ts';
import type { Actor } from './actor.ts';
import type { AdminCommand } from './admin-port.ts';
import { type Answer, DONE, forbidden, refused } from './answer.ts';
import { auditEntry } from './audit.ts';
import type { ControlParts } from './control-parts.ts';
import type { RelayOut } from './relay-out.ts';

type AdmitCommand = Extract<AdminCommand, { kind: 'admitListeners' }>;

/**
 * The members that stand in channels for the gateways, and through whom a channel is heard by programs and browsers:
 * lets them in, and puts them out. Nothing of it is written down but the lines in the audit log.
 */
export class ListenersDesk {
  readonly #parts: ControlParts;

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  /** Only where the channel's `listeners` switch is on: whoever is in the channel sees by it that others may hear. */
  admit(by: Actor, { identity, channel: id }: AdmitCommand, nowMs: number, out: RelayOut): Answer {
    const { ledger, listeners, roles, room } = this.#parts;
    const allowed = judgeHighestRank(room.name, by.role(), roles.list);
    if (!allowed.ok) return forbidden(allowed.rule);
    const channel = room.channels.get(id);
    if (channel === undefined) return refused('unknownChannel');
    if (!channel.info.config.listeners) return refused('notAllowed');
    if (listeners.channelOf(identity) === id) return DONE;
    // Somebody who is somebody here already is no gateway.
    if (listeners.inChannel(id) !== null || this.#isKnown(identity)) return refused('notAllowed');
    if (room.free < 1) return refused('roomFull');
    const entry = auditEntry(this.#parts.wallMs(nowMs), by.identity, 'admitListeners', id);
    if (!ledger.act(entry, out, () => undefined)) return refused('storageFailed');
    listeners.admit(identity, id);
    room.reserve('listeners', listeners.places);
    return DONE;
  }

  dismiss(by: Actor, identity: string, nowMs: number, out: RelayOut): Answer {
    const { ledger, listeners, roles, room } = this.#parts;
    const allowed = judgeHighestRank(room.name, by.role(), roles.list);
    if (!allowed.ok) return forbidden(allowed.rule);
    const channel = listeners.channelOf(identity);
    if (channel === null) return DONE;
    const entry = auditEntry(this.#parts.wallMs(nowMs), by.identity, 'dismissListeners', channel);
    if (!ledger.act(entry, out, () => undefined)) return refused('storageFailed');
    this.putOut(channel, nowMs, out);
    return DONE;
  }

  /** The channel is closed to listeners, or about to be removed: its gateways' member, if there is one, goes at once. */
  putOut(channel: number, nowMs: number, out: RelayOut): void {
    const { lanes, listeners, mutes, room, sessions } = this.#parts;
    const identity = listeners.inChannel(channel);
    if (identity === null) return;
    const parting = { code: 'kicked', rule: null, why: 'lanesClosedKicked' } as const;
    const session = sessions.findIdentity(identity);
    if (session !== undefined) sessions.forget(session, nowMs, out, parting);
    for (const lane of lanes.all()) {
      // It may be about to prove who it is.
      if (lane.greeting?.identity !== identity) continue;
      lanes.refuse(lane, parting.code, parting.rule, out);
      sessions.closeLane(lane, parting.why, out);
    }
    listeners.dismiss(identity);
    room.reserve('listeners', listeners.places);
    mutes.set(identity, false);
  }

  #isKnown(identity: string): boolean {
    const { bots, listeners, roles, room } = this.#parts;
    return (
      room.findIdentity(identity) !== undefined ||
      listeners.channelOf(identity) !== null ||
      bots.expects(identity) ||
      roles.isOwner(identity) ||
      roles.hasAssignment(identity)
    );
  }
}
