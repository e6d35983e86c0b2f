import { base64UrlToBytes, bytesToBase64Url } from '../base/base64url.ts';
import { asksForPassword, judgeChannelAction } from '../permissions/judge.ts';
import { type ClientMessage, PROTOCOL_VERSION } from '../wire/control.ts';
import { LISTENERS_NICKNAME, nicknameSchema } from '../wire/fields.ts';
import type { WhisperPublicKey } from '../wire/key-delivery.ts';
import { loginStatement } from '../wire/login.ts';
import type { RefusalCode } from '../wire/refusal.ts';
import type { Rule } from '../wire/rule.ts';
import { type Answer, DONE, forbidden, refused } from './answer.ts';
import { banRule } from './ban-book.ts';
import { judgePlaceInChannel, judgeStandInChannel } from './channel-space.ts';
import type { ControlParts } from './control-parts.ts';
import type { Delivery } from './inbox.ts';
import type { MemberKind } from './kept-places.ts';
import { type Greeting, type Lane, MAX_LANES_PER_ADDRESS } from './lanes.ts';
import { firstPage } from './member-pages.ts';
import type { LaneAsker } from './password-desk.ts';
import type { RelayOut } from './relay-out.ts';
import type { StoredSession } from './relay-store.ts';
import { type Channel, LISTENERS_NICKNAME_KEY, nicknameKey } from './room.ts';
import { type Session, storedSession } from './session.ts';

type HelloMessage = Extract<ClientMessage, { type: 'hello' }>;
type LoginMessage = Extract<ClientMessage, { type: 'login' }>;

/** What a welcome carries that is secret, and new each time. */
interface Secrets {
  readonly pathKey: Uint8Array;
  readonly resumeSecret: Uint8Array;
  readonly resumeHash: string;
}

/** A session that a login goes on with. */
interface Resumption {
  readonly session: Session;
  /** Hash of the secret it was asked for with. */
  readonly spentHash: string;
  readonly chatSeen: number;
}

/**
 * The way into the room: hello, challenge, login, and then a new session or the old one.
 *
 * Whoever is turned away is told why, and the lane is closed: the next try opens its own.
 */
export class LoginDesk {
  readonly #parts: ControlParts;

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  /** @returns what is wrong with saying that now; null: it was dealt with */
  handleHello(lane: Lane, hello: HelloMessage, nowMs: number, out: RelayOut): RefusalCode | null {
    if (isKnown(lane)) return 'alreadyGreeted';
    if (hello.protocol !== PROTOCOL_VERSION) {
      this.turnAway(lane, 'versionUnsupported', null, out);
      return null;
    }
    const nickname = nicknameSchema.safeParse(hello.nickname);
    const key = nickname.success ? nicknameKey(nickname.data) : '';
    if (!nickname.success || key === '') {
      this.turnAway(lane, 'nicknameInvalid', null, out);
      return null;
    }
    const { bans, bots, options } = this.#parts;
    if (bots.isLate(hello.identity)) {
      this.turnAway(lane, 'kicked', null, out);
      return null;
    }
    const ban = bans.hitting(hello.identity, this.#placeOf(lane, hello.identity), this.#parts.wallMs(nowMs));
    if (ban !== null) {
      this.turnAway(lane, 'banned', banRule(ban), out);
      return null;
    }
    const nonce = options.randomSecret();
    lane.greeting = {
      identity: hello.identity,
      nickname: nickname.data,
      nicknameKey: key,
      password: hello.password ?? null,
      resume: hello.resume ?? null,
      nonce,
    };
    out.sendControl(lane.id, { type: 'challenge', nonce: bytesToBase64Url(nonce) });
    return null;
  }

  /** @returns what is wrong with saying that now; null: it was dealt with */
  handleLogin(lane: Lane, login: LoginMessage, nowMs: number, out: RelayOut): RefusalCode | null {
    const { greeting } = lane;
    if (greeting === null) return isKnown(lane) ? 'alreadyGreeted' : 'helloExpected';
    lane.greeting = null;
    if (!this.#verifies(lane, greeting, login)) {
      this.turnAway(lane, 'badSignature', null, out);
      return null;
    }
    const resumed = this.#resumable(greeting);
    const answer =
      resumed === null
        ? this.#enter(lane, greeting, login.whisperKey, null, nowMs, out)
        : this.#resume(lane, resumed, login.whisperKey, nowMs, out);
    this.#settle(lane, answer, out);
    return null;
  }

  turnAway(lane: Lane, code: RefusalCode, rule: Rule | null, out: RelayOut): void {
    this.#parts.counters.messagesRefused += 1;
    this.#parts.lanes.refuse(lane, code, rule, out);
    this.#parts.sessions.closeLane(lane, 'lanesClosedRefused', out);
  }

  #settle(lane: Lane, answer: Answer, out: RelayOut): void {
    if (answer.kind === 'refused') this.turnAway(lane, answer.code, answer.rule, out);
  }

  #verifies(lane: Lane, greeting: Greeting, login: LoginMessage): boolean {
    const identity = base64UrlToBytes(greeting.identity);
    const whisperKey = base64UrlToBytes(login.whisperKey.key);
    const signature = base64UrlToBytes(login.signature);
    if (identity === null || whisperKey === null || signature === null) return false;
    const statement = loginStatement(lane.exporter, greeting.nonce, whisperKey);
    return this.#parts.options.verifySignature(identity, statement, signature);
  }

  /** The session that this login goes on with; null, and why is counted, when it is to be a new one. */
  #resumable(greeting: Greeting): Resumption | null {
    const { resume } = greeting;
    if (resume === null) return null;
    const { counters, sessions } = this.#parts;
    const session = sessions.find(resume.token);
    const spentHash = this.#hash(base64UrlToBytes(resume.secret));
    // Bots and gateways hold no place: they begin anew.
    if (session === undefined || session.member.kind !== 'person') {
      counters.resumesUnknownToken += 1;
    } else if (session.member.identity !== greeting.identity) {
      counters.resumesOtherIdentity += 1;
    } else if (spentHash !== session.resumeHash && spentHash !== session.previousResumeHash) {
      // Hashes are compared, not secrets: how long it takes tells nothing that helps to guess.
      counters.resumesWrongSecret += 1;
    } else {
      return { session, spentHash, chatSeen: resume.chatSeen };
    }
    return null;
  }

  #resume(
    lane: Lane,
    { session, spentHash, chatSeen }: Resumption,
    whisperKey: WhisperPublicKey,
    nowMs: number,
    out: RelayOut,
  ): Answer {
    const { bans, counters, lanes, ledger, presence, room, sessions } = this.#parts;
    const { member, inbox } = session;
    const ban = bans.hitting(member.identity, lane.address, this.#parts.wallMs(nowMs));
    const secrets = this.#drawSecrets();
    const { resumeHash } = secrets;
    // A lane that breaks now may take the welcome with it: its client has nothing but the secret it came with.
    const changes = { resumeHash, previousResumeHash: spentHash, whisperKey, heldSinceMs: null };
    const stored = storedSession(session, changes);
    const save = (): boolean =>
      ledger.write((store) => {
        store.saveSession(stored);
        store.removeDeliveries(member.token, chatSeen);
      });
    if (ban !== null || !save()) {
      counters.resumesRefused += 1;
      return ban === null ? refused('storageFailed') : refused('banned', banRule(ban));
    }
    counters.resumed += 1;
    if (spentHash === session.previousResumeHash) counters.resumedAgain += 1;
    const before = sessions.laneOf(session);
    // Half-open: TCP has not noticed yet that the old connection is dead.
    if (before !== undefined) sessions.closeLane(before, 'lanesClosedTakenOver', out);
    session.resumeHash = resumeHash;
    session.previousResumeHash = spentHash;
    session.welcomed = false;
    session.heldSinceMs = null;
    session.address = lane.address;
    counters.deliveriesSeen += inbox.acknowledge(chatSeen);
    inbox.handleStored(chatSeen);
    room.reconnect(member, lane.id, secrets.pathKey, whisperKey);
    lanes.attach(lane, session);
    this.#welcome(session, secrets, true, out);
    presence.comeBack(member, nowMs, out);
    return DONE;
  }

  /** @param proven the hash that the given password was found to fit */
  #enter(
    lane: Lane,
    greeting: Greeting,
    whisperKey: WhisperPublicKey,
    proven: string | null,
    nowMs: number,
    out: RelayOut,
  ): Answer {
    const refusal =
      this.#judgePlace(lane, greeting, nowMs) ??
      this.#judgeDoor(lane, greeting, proven, nowMs, out, (found, laterMs, laterOut) =>
        this.#enter(lane, greeting, whisperKey, found, laterMs, laterOut),
      );
    if (refusal !== null) return refusal;
    return this.#begin(lane, greeting, whisperKey, nowMs, out);
  }

  /** Bans, names and numbers. */
  #judgePlace(lane: Lane, greeting: Greeting, nowMs: number): Answer | null {
    const { bans, kindOf, room, sessions } = this.#parts;
    const { identity } = greeting;
    const kind = kindOf(identity);
    const ban = bans.hitting(identity, this.#placeOf(lane, identity), this.#parts.wallMs(nowMs));
    if (ban !== null) return refused('banned', banRule(ban));
    const previous = room.findIdentity(identity);
    if (kind === 'listeners') {
      const stand = judgeStandInChannel(this.#landingOf(identity), previous ?? null);
      return stand.ok ? null : forbidden(stand.rule);
    }
    if (greeting.nicknameKey === LISTENERS_NICKNAME_KEY) return refused('nicknameTaken');
    const holder = room.findNickname(greeting.nicknameKey);
    if (holder !== undefined && holder !== previous) return refused('nicknameTaken');
    if (previous !== undefined || kind === 'bot') return null;
    if (room.full) return refused('roomFull');
    return sessions.placesOf(lane.network) > MAX_LANES_PER_ADDRESS ? refused('tooManyConnections') : null;
  }

  /** The door of the room is that of the channel where members land: its role, and its password. */
  #judgeDoor(
    lane: Lane,
    greeting: Greeting,
    proven: string | null,
    nowMs: number,
    out: RelayOut,
    again: (proven: string, nowMs: number, out: RelayOut) => Answer,
  ): Answer | null {
    const { kindOf, passwords, roles, room } = this.#parts;
    const { info, passwordHash } = room.landing;
    // The others do not land there, or need no leave but an admin's.
    if (kindOf(greeting.identity) !== 'person') return null;
    const role = roles.roleOf(greeting.identity);
    const verdict = judgeChannelAction('enter', info, role, roles.list);
    if (!verdict.ok) return forbidden(verdict.rule);
    if (passwordHash === null || passwordHash === proven) return null;
    if (!asksForPassword(info, role, roles.list)) return null;
    const { identity, password } = greeting;
    if (password === null) {
      return refused('wrongPassword', { kind: 'password', channel: info.name, given: false });
    }
    const asker: LaneAsker = {
      lane,
      identity,
      answer: (answer, _nowMs, laterOut) => this.#settle(lane, answer, laterOut),
    };
    const lock = { channel: info.name, password, hash: passwordHash };
    return passwords.check(asker, lock, nowMs, out, (laterMs, laterOut) =>
      again(passwordHash, laterMs, laterOut),
    );
  }

  #begin(lane: Lane, greeting: Greeting, whisperKey: WhisperPublicKey, nowMs: number, out: RelayOut): Answer {
    const { counters, kindOf, lanes, ledger, mutes, presence, roles, room, sessions } = this.#parts;
    const { identity } = greeting;
    const kind = kindOf(identity);
    const name = nameOf(kind, greeting);
    const secrets = this.#drawSecrets();
    const previous = sessions.findIdentity(identity);
    const inherited = previous === undefined ? [] : neverSent(previous);
    const landing = this.#landingOf(identity);
    const stored: StoredSession = {
      token: room.drawToken(),
      identity,
      nickname: name.nickname,
      resumeHash: secrets.resumeHash,
      previousResumeHash: null,
      whisperKey,
      channel: this.#fits(landing, kind, previous) ? landing.info.id : null,
      muted: false,
      deafened: false,
      mutedForAll: mutes.has(identity),
      whisperLists: [],
      chatTaken: 0,
      delivered: inherited.length,
      heldSinceMs: null,
    };
    const saved = ledger.write((store) => {
      if (previous !== undefined) store.removeSession(previous.member.token);
      if (kind === 'person') store.saveSession(stored);
      for (const entry of inherited) store.saveDelivery({ token: stored.token, ...entry });
    });
    if (!saved) return refused('storageFailed');
    if (previous !== undefined) {
      const parting = { code: 'signedInElsewhere', rule: null, why: 'lanesClosedSignedInElsewhere' } as const;
      sessions.forget(previous, nowMs, out, parting);
    }
    const newcomer = {
      identity,
      ...name,
      kind,
      lane: lane.id,
      pathKey: secrets.pathKey,
      whisperKey,
      role: roles.roleOf(identity),
    };
    const address = this.#placeOf(lane, identity);
    const session = sessions.begin({ stored, newcomer, address }, inherited, nowMs);
    counters.joined += 1;
    counters.deliveries += inherited.length;
    lanes.attach(lane, session);
    this.#welcome(session, secrets, false, out);
    presence.enter(session.member, nowMs, out);
    return DONE;
  }

  /** The welcome, and the chat that waits behind it. */
  #welcome(session: Session, secrets: Secrets, resumed: boolean, out: RelayOut): void {
    const { roles, room, sessions } = this.#parts;
    const { member, inbox, chatTaken } = session;
    if (member.lane === null) return;
    const members = firstPage(room, member);
    out.sendControl(member.lane, {
      type: 'welcome',
      token: member.token,
      pathKey: bytesToBase64Url(secrets.pathKey),
      resumeSecret: bytesToBase64Url(secrets.resumeSecret),
      resumed,
      roomName: room.name,
      channels: Array.from(room.channels.values(), (channel) => channel.info),
      members: members.members,
      membersComplete: members.complete,
      roles: [...roles.list],
      chatTaken,
      chatSeen: inbox.floor,
    });
    session.laneSentUpTo = inbox.floor;
    sessions.sendChat(session, out);
  }

  /** The address that bans and limits know a person by; bots and gateways come from wherever the relay itself is. */
  #placeOf(lane: Lane, identity: string): string | null {
    return this.#parts.kindOf(identity) === 'person' ? lane.address : null;
  }

  /** The channel that somebody comes into. */
  #landingOf(identity: string): Channel {
    const { bots, listeners, room } = this.#parts;
    if (bots.expects(identity) && bots.channel !== null) return bots.channel;
    return room.channels.get(listeners.channelOf(identity) ?? room.landing.info.id) ?? room.landing;
  }

  /** Whoever does not fit where people land is in the room all the same. Gateways were judged before. */
  #fits(landing: Channel, kind: MemberKind, previous: Session | undefined): boolean {
    if (kind === 'listeners') return true;
    return judgePlaceInChannel(landing, this.#parts.listeners, previous?.member ?? null).ok;
  }

  #drawSecrets(): Secrets {
    const resumeSecret = this.#parts.options.randomSecret();
    const pathKey = this.#parts.options.randomSecret();
    return { pathKey, resumeSecret, resumeHash: this.#hash(resumeSecret) };
  }

  #hash(secret: Uint8Array | null): string {
    return secret === null ? '' : bytesToBase64Url(this.#parts.options.sha256(secret));
  }
}

/** Gateways have one name, whatever they said. */
function nameOf(
  kind: MemberKind,
  { nickname, nicknameKey: key }: Greeting,
): { readonly nickname: string; readonly nicknameKey: string } {
  return kind === 'listeners'
    ? { nickname: LISTENERS_NICKNAME, nicknameKey: LISTENERS_NICKNAME_KEY }
    : { nickname, nicknameKey: key };
}

/** It has said hello, whatever came of it. */
function isKnown(lane: Lane): boolean {
  return lane.greeting !== null || lane.session !== null || lane.job !== null;
}

/**
 * What was written to somebody and never went out, or only behind a welcome that never arrived, for one who comes back
 * anew: a program that was started again has no secret to resume with. The rest may have arrived, and nothing arrives
 * twice.
 */
function neverSent({ everSentUpTo, inbox }: Session): Delivery[] {
  return inbox
    .behind(everSentUpTo)
    .filter((entry) => entry.message.to.kind === 'member')
    .map((entry, at) => ({ delivery: at + 1, message: entry.message }));
}
