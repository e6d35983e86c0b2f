import { judgeHighestRank } from '../permissions/judge.ts';
import { MAX_CHANNEL_MEMBERS, MAX_CHANNELS } from '../wire/channels.ts';
import { ADMIN_ROLE_ID, MEMBER_ROLE_ID } from '../wire/roles.ts';
import type { Actor } from './actor.ts';
import type { AdminCommand } from './admin-port.ts';
import { type Answer, DONE, forbidden, made, refused } from './answer.ts';
import { auditEntry } from './audit.ts';
import type { ControlParts } from './control-parts.ts';
import type { RelayOut } from './relay-out.ts';
import type { Channel } from './room.ts';

type AdmitCommand = Extract<AdminCommand, { kind: 'admitBots' }>;

/**
 * Stress tests: opens a channel for bots, and puts them out again. Nothing of it is written down but the lines in the
 * audit log, so that a relay that dies in the middle of a test leaves nothing behind.
 */
export class BotDesk {
  readonly #parts: ControlParts;
  readonly #drawChannelId: () => number;

  constructor(parts: ControlParts, drawChannelId: () => number) {
    this.#parts = parts;
    this.#drawChannelId = drawChannelId;
  }

  /**
   * The bots count neither against the room's limit nor against that of an address; but with everybody else there
   * never are more than MAX_ROOM_MEMBERS.
   */
  admit(by: Actor, command: AdmitCommand, nowMs: number, out: RelayOut): Answer {
    const { bots, ledger, presence, roles, room } = this.#parts;
    const allowed = judgeHighestRank(room.name, by.role(), roles.list);
    if (!allowed.ok) return forbidden(allowed.rule);
    if (bots.running) return refused('testRunning');
    if (room.channels.size >= MAX_CHANNELS) return refused('tooManyChannels');
    const identities = new Set(command.identities);
    if (identities.size > room.free) return refused('roomFull');
    for (const identity of identities) {
      // Somebody who is somebody here already is no bot.
      if (this.#isKnown(identity)) return refused('notAllowed');
    }
    const id = this.#drawChannelId();
    const entry = auditEntry(this.#parts.wallMs(nowMs), by.identity, 'admitBots', id);
    if (!ledger.act(entry, out, () => undefined)) return refused('storageFailed');
    const channel = room.addChannel({ info: this.#channelInfo(id, command.channelName), passwordHash: null });
    room.reserve('bot', identities.size);
    bots.begin(identities, channel, nowMs);
    presence.broadcast({ type: 'channelChanged', channel: channel.info }, out);
    return made(id);
  }

  dismiss(by: Actor, nowMs: number, out: RelayOut): Answer {
    const { bots, ledger, roles, room } = this.#parts;
    const allowed = judgeHighestRank(room.name, by.role(), roles.list);
    if (!allowed.ok) return forbidden(allowed.rule);
    const { channel } = bots;
    if (channel === null) return DONE;
    const entry = auditEntry(this.#parts.wallMs(nowMs), by.identity, 'dismissBots', channel.info.id);
    if (!ledger.act(entry, out, () => undefined)) return refused('storageFailed');
    this.#end(channel, nowMs, out);
    return DONE;
  }

  /** Ends a test that nobody ended: the bots have been gone for a while, or stay too long. */
  handleDeadline(nowMs: number, out: RelayOut): void {
    const { bots, ledger } = this.#parts;
    const { channel } = bots;
    const deadlineMs = bots.nextDeadlineMs();
    if (channel === null || deadlineMs === null || nowMs < deadlineMs) return;
    const entry = auditEntry(this.#parts.wallMs(nowMs), '', 'dismissBots', channel.info.id);
    // Nothing that lasts hangs on that line: the test ends without it, too.
    ledger.act(entry, out, () => undefined);
    this.#end(channel, nowMs, out);
  }

  nextDeadlineMs(): number | null {
    return this.#parts.bots.nextDeadlineMs();
  }

  #end(channel: Channel, nowMs: number, out: RelayOut): void {
    const { bots, keys, lanes, presence, room, sessions } = this.#parts;
    const parting = { code: 'kicked', rule: null, why: 'lanesClosedKicked' } as const;
    for (const session of [...sessions.all()]) {
      if (session.member.kind === 'bot') sessions.forget(session, nowMs, out, parting);
    }
    for (const lane of lanes.all()) {
      // Those who have not proved yet who they are.
      if (lane.greeting === null || !bots.expects(lane.greeting.identity)) continue;
      lanes.refuse(lane, parting.code, parting.rule, out);
      sessions.closeLane(lane, parting.why, out);
    }
    bots.end();
    room.reserve('bot', 0);
    room.removeChannel(channel);
    presence.broadcast({ type: 'channelRemoved', channel: channel.info.id }, out);
    keys.handleChannelRemoved(channel.info.id);
  }

  #isKnown(identity: string): boolean {
    const { listeners, roles, room } = this.#parts;
    return (
      room.findIdentity(identity) !== undefined ||
      listeners.channelOf(identity) !== null ||
      roles.isOwner(identity) ||
      roles.hasAssignment(identity)
    );
  }

  /** Sounds like the channel where members land. */
  #channelInfo(id: number, name: string): Channel['info'] {
    const { bitrate, frameSamples, redundancyCopies } = this.#parts.room.landing.info.config;
    const config = {
      bitrate,
      frameSamples,
      redundancyCopies,
      maxMembers: MAX_CHANNEL_MEMBERS,
      listeners: false,
      enterRole: ADMIN_ROLE_ID,
      speakRole: MEMBER_ROLE_ID,
      whisperRole: MEMBER_ROLE_ID,
      manageRole: ADMIN_ROLE_ID,
      historyDays: 0,
    };
    return { id, parent: null, name, locked: false, config };
  }
}
