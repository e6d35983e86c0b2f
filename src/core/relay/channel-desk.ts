import { asksForPassword, judgeChannelAction, judgeNewChannel } from '../permissions/judge.ts';
import { type ChannelConfig, MAX_CHANNEL_DEPTH, MAX_CHANNELS } from '../wire/channels.ts';
import type { Request } from '../wire/control.ts';
import type { Actor } from './actor.ts';
import { type Answer, DONE, forbidden, made, refused } from './answer.ts';
import { auditEntry } from './audit.ts';
import { hasPeople, judgePlaceInChannel } from './channel-space.ts';
import type { ControlParts } from './control-parts.ts';
import { historyStartMs } from './history.ts';
import type { ListenersDesk } from './listeners-desk.ts';
import { nextFreeId } from './next-free-id.ts';
import type { Asker, LaneAsker } from './password-desk.ts';
import type { RelayOut } from './relay-out.ts';
import type { StoredChannel } from './relay-store.ts';
import type { Channel } from './room.ts';
import type { Session } from './session.ts';

type JoinRequest = Extract<Request, { kind: 'join' }>;
type CreateRequest = Extract<Request, { kind: 'createChannel' }>;
type ChangeRequest = Extract<Request, { kind: 'changeChannel' }>;

/** Channels: entering and leaving them, making, changing and removing them. */
export class ChannelDesk {
  readonly #parts: ControlParts;
  readonly #listeners: ListenersDesk;
  #lastId: number;

  constructor(parts: ControlParts, listeners: ListenersDesk) {
    this.#parts = parts;
    this.#listeners = listeners;
    this.#lastId = Math.max(...parts.room.channels.keys());
  }

  /** @param proven the hash that the given password was found to fit */
  join(
    asker: LaneAsker,
    session: Session,
    request: JoinRequest,
    nowMs: number,
    out: RelayOut,
    proven: string | null = null,
  ): Answer {
    const { bots, listeners, passwords, presence, roles, room, sessions } = this.#parts;
    const { member } = session;
    const channel = room.channels.get(request.channel);
    if (channel === undefined) return refused('unknownChannel');
    if (member.channel === channel) return DONE;
    const { info, passwordHash } = channel;
    const role = roles.roleOf(member.identity);
    const entry = judgeChannelAction('enter', info, role, roles.list);
    if (!entry.ok) return forbidden(entry.rule);
    // Bots and people stay apart, and gateways stay where they were let in.
    if (member.kind !== 'person' || channel === bots.channel) return refused('notAllowed');
    const space = judgePlaceInChannel(channel, listeners);
    if (!space.ok) return forbidden(space.rule);
    if (passwordHash !== null && passwordHash !== proven && asksForPassword(info, role, roles.list)) {
      const { password } = request;
      if (password === undefined) {
        return refused('wrongPassword', { kind: 'password', channel: info.name, given: false });
      }
      const lock = { channel: info.name, password, hash: passwordHash };
      return passwords.check(asker, lock, nowMs, out, (laterMs, laterOut) =>
        this.join(asker, session, request, laterMs, laterOut, passwordHash),
      );
    }
    if (!sessions.save(session, { channel: info.id })) return refused('storageFailed');
    presence.move(member, channel, nowMs, out);
    return DONE;
  }

  /** To no channel, staying in the room. */
  leave(session: Session, nowMs: number, out: RelayOut): Answer {
    if (session.member.channel === null) return DONE;
    if (session.member.kind === 'listeners') return refused('notAllowed');
    if (!this.#parts.sessions.save(session, { channel: null })) return refused('storageFailed');
    this.#parts.presence.move(session.member, null, nowMs, out);
    return DONE;
  }

  create(asker: Asker, by: Actor, request: CreateRequest, nowMs: number, out: RelayOut): Answer {
    const refusal = this.#judgeCreation(by, request);
    if (refusal !== null) return refusal;
    if (request.password === null) return this.#create(by, request, null, nowMs, out);
    return this.#parts.passwords.hash(asker, request.password, out, (hash, laterMs, laterOut) => {
      // The room went on while the password was being hashed.
      const laterRefusal = this.#judgeCreation(by, request);
      return laterRefusal ?? this.#create(by, request, hash, laterMs, laterOut);
    });
  }

  change(asker: Asker, by: Actor, request: ChangeRequest, nowMs: number, out: RelayOut): Answer {
    const { password } = request;
    const channel = this.#judgeChange(by, request);
    if (!isChannel(channel)) return channel;
    if (password === undefined) return this.#change(by, channel, request, channel.passwordHash, nowMs, out);
    if (password === null) return this.#change(by, channel, request, null, nowMs, out);
    return this.#parts.passwords.hash(asker, password, out, (hash, laterMs, laterOut) => {
      const later = this.#judgeChange(by, request);
      return isChannel(later) ? this.#change(by, later, request, hash, laterMs, laterOut) : later;
    });
  }

  /** Opens a channel for listeners, or closes it, and leaves all else of it alone. */
  setListeners(by: Actor, id: number, listeners: boolean, nowMs: number, out: RelayOut): Answer {
    const info = this.#parts.room.channels.get(id)?.info;
    if (info === undefined) return refused('unknownChannel');
    const config = { ...info.config, listeners };
    const request: ChangeRequest = { kind: 'changeChannel', channel: id, name: info.name, config };
    const channel = this.#judgeChange(by, request);
    if (!isChannel(channel)) return channel;
    return this.#change(by, channel, request, channel.passwordHash, nowMs, out);
  }

  remove(by: Actor, id: number, nowMs: number, out: RelayOut): Answer {
    const { bots, keys, ledger, presence, roles, room } = this.#parts;
    const channel = room.channels.get(id);
    if (channel === undefined) return refused('unknownChannel');
    const verdict = judgeChannelAction('manage', channel.info, by.role(), roles.list);
    if (!verdict.ok) return forbidden(verdict.rule);
    if (channel === room.landing || channel === bots.channel) return refused('notAllowed');
    if (hasPeople(channel) || room.hasChildren(channel)) return refused('channelNotEmpty');
    const entry = auditEntry(this.#parts.wallMs(nowMs), by.identity, 'removeChannel', id);
    const saved = ledger.act(entry, out, (store) => store.removeChannel(id));
    if (!saved) return refused('storageFailed');
    this.#listeners.putOut(id, nowMs, out);
    room.removeChannel(channel);
    presence.broadcast({ type: 'channelRemoved', channel: id }, out);
    keys.handleChannelRemoved(id);
    return DONE;
  }

  /** An id that no channel has. */
  drawId(): number {
    this.#lastId = nextFreeId(this.#lastId, 1, (taken) => this.#parts.room.channels.has(taken));
    return this.#lastId;
  }

  #judgeCreation(by: Actor, request: CreateRequest): Answer | null {
    const { bots, roles, room } = this.#parts;
    const parent = request.parent === null ? null : room.channels.get(request.parent);
    if (parent === undefined) return refused('unknownChannel');
    const role = by.role();
    const verdict = judgeNewChannel(parent === null ? null : parent.info, role, roles.list);
    if (!verdict.ok) return forbidden(verdict.rule);
    // The channel of a test is written down nowhere, and so can be no parent.
    if (parent !== null && parent === bots.channel) return refused('notAllowed');
    if (room.channels.size >= MAX_CHANNELS) return refused('tooManyChannels');
    if (parent !== null && room.depthOf(parent) >= MAX_CHANNEL_DEPTH) return refused('channelTooDeep');
    return this.#namesUnknownRole(request.config, null) ? refused('unknownRole') : null;
  }

  #judgeChange(by: Actor, request: ChangeRequest): Answer | Channel {
    const { bots, roles, room } = this.#parts;
    const channel = room.channels.get(request.channel);
    if (channel === undefined) return refused('unknownChannel');
    const verdict = judgeChannelAction('manage', channel.info, by.role(), roles.list);
    if (!verdict.ok) return forbidden(verdict.rule);
    if (channel === bots.channel) return refused('notAllowed');
    return this.#namesUnknownRole(request.config, channel.info.config) ? refused('unknownRole') : channel;
  }

  /** A role that was removed may stay where it stood before (it counts as admin), but not be put anywhere anew. */
  #namesUnknownRole(config: ChannelConfig, before: ChannelConfig | null): boolean {
    for (const key of ['enterRole', 'speakRole', 'whisperRole', 'manageRole'] as const) {
      if (this.#parts.roles.find(config[key]) === undefined && config[key] !== before?.[key]) return true;
    }
    return false;
  }

  #create(
    by: Actor,
    request: CreateRequest,
    passwordHash: string | null,
    nowMs: number,
    out: RelayOut,
  ): Answer {
    const { ledger, presence, room } = this.#parts;
    const id = this.drawId();
    const { name, parent, config } = request;
    const stored = { info: { id, parent, name, locked: passwordHash !== null, config }, passwordHash };
    const entry = auditEntry(this.#parts.wallMs(nowMs), by.identity, 'createChannel', id);
    const saved = ledger.act(entry, out, (store) => store.saveChannel(stored));
    if (!saved) return refused('storageFailed');
    room.addChannel(stored);
    presence.broadcast({ type: 'channelChanged', channel: stored.info }, out);
    return made(id);
  }

  #change(
    by: Actor,
    channel: Channel,
    request: ChangeRequest,
    passwordHash: string | null,
    nowMs: number,
    out: RelayOut,
  ): Answer {
    const { ledger, presence, room } = this.#parts;
    const { id, parent } = channel.info;
    const { name, config } = request;
    const wallMs = this.#parts.wallMs(nowMs);
    const stored: StoredChannel = {
      info: { id, parent, name, locked: passwordHash !== null, config },
      passwordHash,
    };
    const entry = auditEntry(wallMs, by.identity, 'changeChannel', id);
    const saved = ledger.act(entry, out, (store) => {
      store.saveChannel(stored);
      // What is kept for a shorter time from now on is forgotten now, not within the hour.
      if (config.historyDays < channel.info.config.historyDays) {
        store.expireHistory(id, historyStartMs(config, wallMs));
      }
    });
    if (!saved) return refused('storageFailed');
    room.changeChannel(channel, stored);
    presence.broadcast({ type: 'channelChanged', channel: stored.info }, out);
    if (!config.listeners) this.#listeners.putOut(id, nowMs, out);
    return DONE;
  }
}

function isChannel(found: Answer | Channel): found is Channel {
  return 'info' in found;
}
