import { asksForPassword, judgeChannelAction, judgeNewChannel, judgeSpace } from '../permissions/judge.ts';
import { type ChannelConfig, MAX_CHANNEL_DEPTH, MAX_CHANNELS } from '../wire/channels.ts';
import type { Request } from '../wire/control.ts';
import { type Answer, DONE, forbidden, refused } from './answer.ts';
import { auditEntry } from './audit.ts';
import type { ControlParts } from './control-parts.ts';
import { historyStartMs } from './history.ts';
import { nextFreeId } from './next-free-id.ts';
import type { Asker } from './password-desk.ts';
import type { RelayOut } from './relay-out.ts';
import type { StoredChannel } from './relay-store.ts';
import type { Channel, Member } from './room.ts';
import type { Session } from './session.ts';

type JoinRequest = Extract<Request, { kind: 'join' }>;
type CreateRequest = Extract<Request, { kind: 'createChannel' }>;
type ChangeRequest = Extract<Request, { kind: 'changeChannel' }>;

/** Channels: entering and leaving them, making, changing and removing them. */
export class ChannelDesk {
  readonly #parts: ControlParts;
  #lastId: number;

  constructor(parts: ControlParts) {
    this.#parts = parts;
    this.#lastId = Math.max(...parts.room.channels.keys());
  }

  /** @param proven the hash that the given password was found to fit */
  join(
    asker: Asker,
    session: Session,
    request: JoinRequest,
    nowMs: number,
    out: RelayOut,
    proven: string | null = null,
  ): Answer {
    const { passwords, presence, roles, room, sessions } = this.#parts;
    const { member } = session;
    const channel = room.channels.get(request.channel);
    if (channel === undefined) return refused('unknownChannel');
    if (member.channel === channel) return DONE;
    const { info, passwordHash } = channel;
    const role = roles.roleOf(member.identity);
    const entry = judgeChannelAction('enter', info, role, roles.list);
    if (!entry.ok) return forbidden(entry.rule);
    const space = judgeSpace(info, channel.members.size);
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
    if (!this.#parts.sessions.save(session, { channel: null })) return refused('storageFailed');
    this.#parts.presence.move(session.member, null, nowMs, out);
    return DONE;
  }

  create(asker: Asker, member: Member, request: CreateRequest, nowMs: number, out: RelayOut): Answer {
    const refusal = this.#judgeCreation(member, request);
    if (refusal !== null) return refusal;
    if (request.password === null) return this.#create(member, request, null, nowMs, out);
    return this.#parts.passwords.hash(asker, request.password, out, (hash, laterMs, laterOut) => {
      // The room went on while the password was being hashed.
      const laterRefusal = this.#judgeCreation(member, request);
      return laterRefusal ?? this.#create(member, request, hash, laterMs, laterOut);
    });
  }

  change(asker: Asker, member: Member, request: ChangeRequest, nowMs: number, out: RelayOut): Answer {
    const { password } = request;
    const channel = this.#judgeChange(member, request);
    if (!isChannel(channel)) return channel;
    if (password === undefined)
      return this.#change(member, channel, request, channel.passwordHash, nowMs, out);
    if (password === null) return this.#change(member, channel, request, null, nowMs, out);
    return this.#parts.passwords.hash(asker, password, out, (hash, laterMs, laterOut) => {
      const later = this.#judgeChange(member, request);
      return isChannel(later) ? this.#change(member, later, request, hash, laterMs, laterOut) : later;
    });
  }

  remove(member: Member, id: number, nowMs: number, out: RelayOut): Answer {
    const { keys, ledger, presence, roles, room } = this.#parts;
    const channel = room.channels.get(id);
    if (channel === undefined) return refused('unknownChannel');
    const verdict = judgeChannelAction('manage', channel.info, roles.roleOf(member.identity), roles.list);
    if (!verdict.ok) return forbidden(verdict.rule);
    if (channel === room.landing) return refused('notAllowed');
    if (channel.members.size > 0 || room.hasChildren(channel)) return refused('channelNotEmpty');
    const saved = ledger.write((store) => {
      store.removeChannel(id);
      store.audit(auditEntry(this.#parts.wallMs(nowMs), member.identity, 'removeChannel', id));
    });
    if (!saved) return refused('storageFailed');
    room.removeChannel(channel);
    presence.broadcast({ type: 'channelRemoved', channel: id }, out);
    keys.handleChannelRemoved(id);
    return DONE;
  }

  #judgeCreation(member: Member, request: CreateRequest): Answer | null {
    const { roles, room } = this.#parts;
    const parent = request.parent === null ? null : room.channels.get(request.parent);
    if (parent === undefined) return refused('unknownChannel');
    const role = roles.roleOf(member.identity);
    const verdict = judgeNewChannel(parent === null ? null : parent.info, role, roles.list);
    if (!verdict.ok) return forbidden(verdict.rule);
    if (room.channels.size >= MAX_CHANNELS) return refused('tooManyChannels');
    if (parent !== null && room.depthOf(parent) >= MAX_CHANNEL_DEPTH) return refused('channelTooDeep');
    return this.#namesUnknownRole(request.config, null) ? refused('unknownRole') : null;
  }

  #judgeChange(member: Member, request: ChangeRequest): Answer | Channel {
    const { roles, room } = this.#parts;
    const channel = room.channels.get(request.channel);
    if (channel === undefined) return refused('unknownChannel');
    const verdict = judgeChannelAction('manage', channel.info, roles.roleOf(member.identity), roles.list);
    if (!verdict.ok) return forbidden(verdict.rule);
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
    member: Member,
    request: CreateRequest,
    passwordHash: string | null,
    nowMs: number,
    out: RelayOut,
  ): Answer {
    const { ledger, presence, room } = this.#parts;
    const id = nextFreeId(this.#lastId, 1, (taken) => room.channels.has(taken));
    const { name, parent, config } = request;
    const stored = { info: { id, parent, name, locked: passwordHash !== null, config }, passwordHash };
    const saved = ledger.write((store) => {
      store.saveChannel(stored);
      store.audit(auditEntry(this.#parts.wallMs(nowMs), member.identity, 'createChannel', id));
    });
    if (!saved) return refused('storageFailed');
    this.#lastId = id;
    room.addChannel(stored);
    presence.broadcast({ type: 'channelChanged', channel: stored.info }, out);
    return DONE;
  }

  #change(
    member: Member,
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
    const saved = ledger.write((store) => {
      store.saveChannel(stored);
      // What is kept for a shorter time from now on is forgotten now, not within the hour.
      if (config.historyDays < channel.info.config.historyDays) {
        store.expireHistory(id, historyStartMs(config, wallMs));
      }
      store.audit(auditEntry(wallMs, member.identity, 'changeChannel', id));
    });
    if (!saved) return refused('storageFailed');
    room.changeChannel(channel, stored);
    presence.broadcast({ type: 'channelChanged', channel: stored.info }, out);
    return DONE;
  }
}

function isChannel(found: Answer | Channel): found is Channel {
  return 'info' in found;
}
