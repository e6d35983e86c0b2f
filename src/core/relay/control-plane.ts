import { assertNever } from '../base/assert.ts';
import type { ClientMessage, Request } from '../wire/control.ts';
import type { RefusalCode } from '../wire/refusal.ts';
import { memberActor } from './actor.ts';
import { AdminDesk } from './admin-desk.ts';
import { type Answer, DONE, refused } from './answer.ts';
import { BanBook } from './ban-book.ts';
import { BanDesk } from './ban-desk.ts';
import { BotDesk } from './bot-desk.ts';
import { BotRoster } from './bot-roster.ts';
import { ChannelDesk } from './channel-desk.ts';
import { ChatDesk } from './chat-desk.ts';
import { isReaction, parseClientMessage } from './client-message.ts';
import { type ControlCounters, createControlCounters, type LaneClose } from './control-counters.ts';
import type { ControlParts } from './control-parts.ts';
import { earliest } from './earliest.ts';
import { HearingDesk } from './hearing-desk.ts';
import { HistoryDesk } from './history-desk.ts';
import type { MemberKind } from './kept-places.ts';
import type { KeyDelivery } from './key-delivery.ts';
import { type Lane, Lanes, MAX_BAD_MESSAGES, MAX_LANES_PER_ADDRESS, MAX_UNGREETED_LANES } from './lanes.ts';
import { Ledger } from './ledger.ts';
import { ListenersDesk } from './listeners-desk.ts';
import { ListenersRoster } from './listeners-roster.ts';
import { LoginDesk } from './login-desk.ts';
import { pageAfter } from './member-pages.ts';
import { ModerationDesk } from './moderation-desk.ts';
import { Mutes } from './mutes.ts';
import { networkOf } from './network-of.ts';
import type { NewsFeed } from './news-feed.ts';
import { type LaneAsker, PasswordDesk } from './password-desk.ts';
import { Presence } from './presence.ts';
import type { RelayOptions } from './relay-options.ts';
import type { JobId, LaneFacts, LaneId, PasswordVerdict, RelayOut } from './relay-out.ts';
import type { RoleBook } from './role-book.ts';
import { RoleDesk } from './role-desk.ts';
import type { Member, Room } from './room.ts';
import { type Session, storedSession } from './session.ts';
import { Sessions } from './sessions.ts';
import { WhisperDesk } from './whisper-desk.ts';

/** The relay's half of the control lanes: counts and reads what arrives, and hands it to the desk it is for. */
export class ControlPlane {
  readonly #parts: ControlParts;
  readonly #logins: LoginDesk;
  readonly #channels: ChannelDesk;
  readonly #moderation: ModerationDesk;
  readonly #bans: BanDesk;
  readonly #roles: RoleDesk;
  readonly #chat: ChatDesk;
  readonly #history: HistoryDesk;
  readonly #whispers: WhisperDesk;
  readonly #hearing: HearingDesk;
  readonly #bots: BotDesk;
  /** What accounts of the admin API ask for, and are shown. */
  readonly admin: AdminDesk;

  constructor(options: RelayOptions, room: Room, roles: RoleBook, keys: KeyDelivery, feed: NewsFeed) {
    const { snapshot } = options;
    const counters = createControlCounters();
    this.#hearing = new HearingDesk(room, counters);
    const bots = new BotRoster();
    const listeners = new ListenersRoster();
    const floor = {
      options,
      counters,
      room,
      roles,
      lanes: new Lanes(counters),
      ledger: new Ledger(options.store),
      presence: new Presence(room, keys, this.#hearing, feed),
      passwords: new PasswordDesk(counters),
      mutes: new Mutes(),
      bots,
      listeners,
      kindOf: (identity: string): MemberKind => {
        if (bots.expects(identity)) return 'bot';
        return listeners.channelOf(identity) === null ? 'person' : 'listeners';
      },
      wallMs: (nowMs: number) => Math.round(options.wallOriginMs + nowMs),
    };
    const inRange = (address: string, range: string): boolean => options.addressInRange(address, range);
    const isOwner = (identity: string): boolean => roles.isOwner(identity);
    const bans = new BanBook(snapshot.bans, snapshot.lastBanId, { inRange, isOwner });
    const parts = { ...floor, keys, bans, sessions: new Sessions(floor) };
    this.#parts = parts;
    this.#logins = new LoginDesk(parts);
    const listenersDesk = new ListenersDesk(parts);
    this.#channels = new ChannelDesk(parts, listenersDesk);
    this.#moderation = new ModerationDesk(parts);
    this.#bans = new BanDesk(parts);
    this.#roles = new RoleDesk(parts);
    this.#chat = new ChatDesk(parts);
    this.#history = new HistoryDesk(parts);
    this.#whispers = new WhisperDesk(parts);
    this.#bots = new BotDesk(parts, () => this.#channels.drawId());
    this.admin = new AdminDesk(parts, {
      moderation: this.#moderation,
      bans: this.#bans,
      channels: this.#channels,
      roles: this.#roles,
      bots: this.#bots,
      listeners: listenersDesk,
    });
  }

  get counters(): Readonly<ControlCounters> {
    return this.#parts.counters;
  }

  /** What there is at this moment, and what the store did. */
  gauges(): Record<string, number> {
    let waiting = 0;
    for (const { inbox } of this.#parts.sessions.all()) waiting += inbox.waiting.length;
    return {
      members: this.#parts.room.size,
      lanes: this.#parts.lanes.size,
      deliveriesWaiting: waiting,
      passwordsUnderWay: this.#parts.passwords.underWay,
      adminCommandsUnderWay: this.admin.underWay,
      ...this.#parts.ledger.counters,
    };
  }

  /** Bots of the test that runs, and gateways: their lanes count against no limit of an address. */
  get lanesBeyondAddress(): number {
    return this.#parts.bots.places + this.#parts.listeners.places;
  }

  /** The member whose lane that is. */
  memberOf(id: LaneId): Member | null {
    return this.#parts.lanes.find(id)?.session?.member ?? null;
  }

  handleLaneOpened(id: LaneId, facts: LaneFacts, nowMs: number, out: RelayOut): void {
    const { counters, lanes, sessions } = this.#parts;
    if (lanes.find(id) !== undefined) return;
    counters.lanesOpened += 1;
    const address = plainAddress(facts.address);
    // Bans wait for the hello: it may be the owner who comes, whom no ban of an address keeps out.
    const expected = Math.min(MAX_UNGREETED_LANES, this.lanesBeyondAddress);
    if (lanes.fromNetwork(networkOf(address)) >= MAX_LANES_PER_ADDRESS + expected) {
      lanes.refuse({ id }, 'tooManyConnections', null, out);
      counters.lanesClosedFromOneAddress += 1;
      out.closeLane(id);
      return;
    }
    const oldest = lanes.crowdedOut;
    if (oldest !== null) sessions.closeLane(oldest, 'lanesClosedCrowded', out);
    lanes.add(id, { address, exporter: facts.exporter }, nowMs);
  }

  handleLaneMessage(id: LaneId, text: string, nowMs: number, out: RelayOut): void {
    const { counters, lanes } = this.#parts;
    const lane = lanes.find(id);
    if (lane === undefined) {
      counters.messagesOnUnknownLane += 1;
      return;
    }
    counters.messages += 1;
    const message = parseClientMessage(text);
    if (message === null) {
      this.#punish(lane, 'badMessage', nowMs, out);
      return;
    }
    if (isReaction(message)) {
      if (!lane.reactions.take(nowMs)) {
        // No reason to hang up: what others do makes a client send these.
        counters.reactionsTooMany += 1;
        return;
      }
    } else if (!lane.messages.take(nowMs)) {
      counters.messagesTooMany += 1;
      lanes.refuse(lane, 'tooManyMessages', null, out);
      this.#closeLane(lane, 'lanesClosedTooManyMessages', nowMs, out);
      return;
    }
    lane.lastHeardMs = nowMs;
    const offence = this.#handleMessage(lane, message, nowMs, out);
    if (offence === null) counters.messagesTaken += 1;
    else this.#punish(lane, offence, nowMs, out);
  }

  handleLaneClosed(id: LaneId, nowMs: number, out: RelayOut): void {
    const lane = this.#parts.lanes.find(id);
    if (lane === undefined) return;
    const { session } = lane;
    this.#parts.passwords.forget(lane);
    this.#parts.lanes.forget(lane, 'lanesClosedByPeer');
    if (session !== null) this.#parts.sessions.hold(session, nowMs, out);
  }

  handlePasswordChecked(job: JobId, verdict: PasswordVerdict, nowMs: number, out: RelayOut): void {
    this.#parts.passwords.handleChecked(job, verdict, nowMs, out);
  }

  /** @param hash null: it could not be made */
  handlePasswordHashed(job: JobId, hash: string | null, nowMs: number, out: RelayOut): void {
    this.#parts.passwords.handleHashed(job, hash, nowMs, out);
  }

  handleDeadline(nowMs: number, out: RelayOut): void {
    for (const lane of this.#parts.lanes.overdue(nowMs)) {
      const why = lane.session === null ? 'lanesClosedHelloTimeout' : 'lanesClosedSilent';
      this.#closeLane(lane, why, nowMs, out);
    }
    this.#parts.sessions.handleDeadline(nowMs, out);
    this.#chat.handleDeadline(nowMs);
    this.#bans.handleDeadline(nowMs);
    this.#history.handleDeadline(nowMs);
    this.#hearing.handleDeadline(nowMs, out);
    this.#bots.handleDeadline(nowMs, out);
  }

  nextDeadlineMs(): number | null {
    return earliest([
      this.#parts.lanes.nextDeadlineMs(),
      this.#parts.sessions.nextDeadlineMs(),
      this.#chat.nextDeadlineMs(),
      this.#bans.nextDeadlineMs(),
      this.#history.nextDeadlineMs(),
      this.#hearing.nextDeadlineMs(),
      this.#bots.nextDeadlineMs(),
    ]);
  }

  /** Says farewell to everybody and closes their lanes. Before a restart places are held in the store, else given up. */
  close(reason: 'closing' | 'restarting', nowMs: number, out: RelayOut): void {
    const { lanes, ledger, sessions } = this.#parts;
    const heldSinceMs = this.#parts.wallMs(nowMs);
    ledger.write((store) => {
      for (const session of sessions.all()) {
        const { kind, token } = session.member;
        if (kind !== 'person') continue;
        const changes = { heldSinceMs: session.heldSinceMs ?? heldSinceMs };
        if (reason === 'closing') store.removeSession(token);
        else store.saveSession(storedSession(session, changes));
      }
    });
    for (const lane of lanes.all()) {
      lanes.refuse(lane, reason === 'closing' ? 'relayClosing' : 'relayRestarting', null, out);
      sessions.closeLane(lane, 'lanesClosedWithRelay', out);
    }
    sessions.clear();
  }

  /** @returns what is wrong with saying that now; null: it was dealt with */
  #handleMessage(lane: Lane, message: ClientMessage, nowMs: number, out: RelayOut): RefusalCode | null {
    if (message.type === 'hello') return this.#logins.handleHello(lane, message, nowMs, out);
    if (message.type === 'login') return this.#logins.handleLogin(lane, message, nowMs, out);
    const { session } = lane;
    if (message.type === 'bye') {
      this.#parts.sessions.closeLane(lane, 'lanesClosedBye', out);
      if (session !== null) this.#parts.sessions.end(session, nowMs, out);
      return null;
    }
    if (session === null)
      return lane.greeting === null && lane.job === null ? 'helloExpected' : 'loginExpected';
    this.#parts.sessions.handleHeard(session);
    const { member } = session;
    switch (message.type) {
      case 'leave':
        this.#answer(lane, null, this.#channels.leave(session, nowMs, out), out);
        return null;
      case 'state':
        this.#answer(lane, null, this.#setState(session, message.muted, message.deafened, out), out);
        return null;
      case 'voicePath':
        if (member.path !== message.path) this.#parts.room.setPath(member, message.path);
        return null;
      case 'chat':
        this.#chat.handleChat(session, message, nowMs, out);
        return null;
      case 'chatSeen':
        this.#chat.handleSeen(session, message.seen, nowMs, out);
        return null;
      case 'request': {
        const { id, request } = message;
        this.#answer(lane, id, this.#handleRequest(lane, session, id, request, nowMs, out), out);
        return null;
      }
      case 'keyPackage':
        this.#parts.keys.handleKeyPackage(member, message, nowMs, out);
        return null;
      case 'commit':
        this.#parts.keys.handleCommit(member, message, nowMs, out);
        return null;
      case 'whisperKey':
        this.#whispers.passKey(member, message, out);
        return null;
      case 'hearing':
        this.#hearing.handleReports(member, message.reports, nowMs, out);
        return null;
      case 'listMembers':
        out.sendControl(lane.id, { type: 'members', ...pageAfter(this.#parts.room, message.after) });
        return null;
      case 'ping':
        out.sendControl(lane.id, { type: 'pong', id: message.id });
        return null;
      default:
        return assertNever(message);
    }
  }

  #handleRequest(
    lane: Lane,
    session: Session,
    id: number,
    request: Request,
    nowMs: number,
    out: RelayOut,
  ): Answer {
    const { member } = session;
    // A gateway asks for nothing: it stands where it was let in.
    if (member.kind === 'listeners') return refused('notAllowed');
    const by = memberActor(member, this.#parts.roles);
    const asker: LaneAsker = {
      lane,
      identity: member.identity,
      answer: (answer, _nowMs, laterOut) => this.#answer(lane, id, answer, laterOut),
    };
    switch (request.kind) {
      case 'join':
        return this.#channels.join(asker, session, request, nowMs, out);
      case 'move':
        return this.#moderation.move(by, request, nowMs, out);
      case 'muteForAll':
        return this.#moderation.muteForAll(by, request, nowMs, out);
      case 'kick':
        return this.#moderation.kick(by, request, nowMs, out);
      case 'ban':
        return this.#bans.ban(by, request, nowMs, out);
      case 'unban':
        return this.#bans.unban(by, request.ban, nowMs, out);
      case 'listBans':
        return this.#bans.list(member, nowMs, out);
      case 'createChannel':
        return this.#channels.create(asker, by, request, nowMs, out);
      case 'changeChannel':
        return this.#channels.change(asker, by, request, nowMs, out);
      case 'removeChannel':
        return this.#channels.remove(by, request.channel, nowMs, out);
      case 'saveRole':
        return this.#roles.save(by, request, nowMs, out);
      case 'removeRole':
        return this.#roles.remove(by, request.role, nowMs, out);
      case 'assignRole':
        return this.#roles.assign(by, request, nowMs, out);
      case 'history':
        return this.#history.read(member, request, nowMs, out);
      case 'whisperList':
        return this.#whispers.register(session, request);
      default:
        return assertNever(request);
    }
  }

  #setState(session: Session, muted: boolean, deafened: boolean, out: RelayOut): Answer {
    const { presence, room, sessions } = this.#parts;
    const { member } = session;
    if (member.muted === muted && member.deafened === deafened) return DONE;
    if (!sessions.save(session, { muted, deafened })) return refused('storageFailed');
    room.setState(member, muted, deafened);
    presence.tellChanged(member, out);
    return DONE;
  }

  /** @param id null: the message was no request; only a no is told */
  #answer(lane: Lane, id: number | null, answer: Answer, out: RelayOut): void {
    if (answer.kind === 'later') return;
    // An admin who removes himself from the room has no lane left to be told on.
    if (this.#parts.lanes.find(lane.id) === undefined) return;
    if (answer.kind === 'refused') {
      this.#parts.counters.messagesRefused += 1;
      this.#parts.lanes.refuse(lane, answer.code, answer.rule, out, id === null ? {} : { request: id });
    } else if (id !== null) {
      out.sendControl(lane.id, { type: 'done', id });
    }
  }

  /** Answers a message that no honest client sends; the lane is closed when it does not stop. */
  #punish(lane: Lane, code: RefusalCode, nowMs: number, out: RelayOut): void {
    this.#parts.counters.messagesBad += 1;
    lane.badMessages += 1;
    this.#parts.lanes.refuse(lane, code, null, out);
    if (lane.badMessages >= MAX_BAD_MESSAGES) this.#closeLane(lane, 'lanesClosedBadMessages', nowMs, out);
  }

  /** Closes a lane whose session, if it has one, may come back. */
  #closeLane(lane: Lane, why: LaneClose, nowMs: number, out: RelayOut): void {
    const { session } = lane;
    this.#parts.sessions.closeLane(lane, why, out);
    if (session !== null) this.#parts.sessions.hold(session, nowMs, out);
  }
}

/**
 * An address as bans and limits know it: IPv4 that a double-stack socket shows as IPv6 (RFC 4291, section 2.5.5.2)
 * without its prefix, and no zone (RFC 4007).
 */
function plainAddress(address: string): string {
  const [plain = ''] = address.split('%');
  return plain.startsWith('::ffff:') && plain.includes('.') ? plain.slice('::ffff:'.length) : plain;
}
