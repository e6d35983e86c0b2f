import { assertNever } from '../base/assert.ts';
import { type Losses, NO_LOSSES } from '../redundancy/losses.ts';
import type { ChatMessage } from '../wire/chat.ts';
import type { RelayMessage, Request, VoicePath } from '../wire/control.ts';
import { HEARING_INTERVAL_MS, type HearingReport, MAX_HEARING_REPORTS } from '../wire/hearing.ts';
import { ChatInbox } from './chat-inbox.ts';
import { ChatOutbox } from './chat-outbox.ts';
import { Requests } from './requests.ts';
import { Roster } from './roster.ts';
import type { SessionCounters } from './session-counters.ts';
import { describeRefusal } from './session-end.ts';
import type { OwnKeyMessage, Refusal, RefusedMessage, SessionOut, WelcomeMessage } from './session-out.ts';
import { WhisperLists } from './whisper-lists.ts';

/** Facts that a lane brings once it carries a session; the lane's own affairs are the session engine's. */
export type Fact = Exclude<RelayMessage, { type: 'challenge' | 'welcome' | 'pong' }>;

/** What became of a fact. `gap`: chat is missing in between, and a resume fetches it. */
export type FactVerdict = 'fits' | 'doesNotFit' | 'gap';

/**
 * What a member knows, wants and asks in the room, over lost lanes and resumes: member list, channel, state, whisper
 * lists, requests and chat. It lives between two lanes too, but sends only while one carries the session.
 */
export class Membership {
  readonly roster = new Roster();
  readonly requests: Requests;
  readonly outbox: ChatOutbox;
  readonly inbox: ChatInbox;
  readonly #counters: SessionCounters;
  readonly #whisperLists = new WhisperLists();
  #identity = '';
  #connected = false;
  #muted = false;
  #deafened = false;
  #voicePath: VoicePath = 'udp';
  /** Where we want to be; undefined until the relay has put us somewhere. */
  #wantedChannel: number | null | undefined;
  #wantedPassword: string | undefined;
  /** The person chose the channel while there was no lane to say so. */
  #chosenWhileAway = false;
  #lastRefusal: Refusal | null = null;
  #hearingSentMs: number | null = null;
  /** The others miss something of our voice, as we were told on this lane. */
  #lossesHeard = false;

  constructor(counters: SessionCounters) {
    this.#counters = counters;
    this.requests = new Requests(counters);
    this.outbox = new ChatOutbox(counters);
    this.inbox = new ChatInbox(counters);
  }

  /** The newest refusal that answered no request and no chat. */
  get lastRefusal(): Refusal | null {
    return this.#lastRefusal;
  }

  handleBegin(identity: string): void {
    this.#identity = identity;
    this.#wantedChannel = undefined;
    this.#wantedPassword = undefined;
    this.#chosenWhileAway = false;
    this.#lastRefusal = null;
    this.#whisperLists.clear();
  }

  /** @returns false, and nothing has changed, when the welcome contradicts itself or what we know */
  applyWelcome(welcome: WelcomeMessage): boolean {
    // A relay that took what we never sent speaks of another session.
    if (welcome.resumed && welcome.chatTaken > this.outbox.lastWireId) return false;
    return this.roster.applyWelcome(welcome);
  }

  /** Sends what the relay has to know after a welcome that was applied. */
  handleWelcome(welcome: WelcomeMessage, nowMs: number, out: SessionOut): void {
    this.#connected = true;
    this.#hearingSentMs = null;
    // At the relay too nothing is lost until it is said on the new lane.
    if (this.#lossesHeard) this.#setHeard(NO_LOSSES, out);
    // The path key is new, so both sides look for the way by UDP anew.
    this.#voicePath = 'udp';
    if (welcome.resumed) {
      this.inbox.handleResumed(welcome.chatSeen);
      this.outbox.handleResumed(welcome.chatTaken, out);
    } else {
      this.inbox.handleNewSession(welcome.chatSeen);
      this.outbox.handleNewSession(welcome.chatTaken, out);
      this.#whisperLists.handleNewSession();
    }
    const own = this.roster.own();
    if (own?.muted !== this.#muted || own.deafened !== this.#deafened) this.#sendState(out);
    this.#askForMembers(0, out);
    this.#returnToChannel(welcome.resumed, nowMs, out);
    this.#registerLists(nowMs, out);
    this.outbox.send(nowMs, out);
  }

  handleFact(fact: Fact, nowMs: number, out: SessionOut): FactVerdict {
    switch (fact.type) {
      case 'memberJoined':
      case 'memberLeft':
      case 'memberChanged':
      case 'channelChanged':
      case 'channelRemoved':
      case 'roles':
        if (!this.#applyToRoster(fact)) return 'doesNotFit';
        out.onDidChange();
        return 'fits';
      case 'news': {
        let fits = true;
        for (const news of fact.news) fits = this.#applyToRoster(news) && fits;
        out.onDidChange();
        return verdict(fits);
      }
      case 'members':
        if (!this.roster.applyPage(fact.members, fact.complete)) return 'doesNotFit';
        this.#askForMembers(fact.members.at(-1)?.token ?? 0, out);
        out.onDidChange();
        return 'fits';
      case 'chat':
        return this.#handleDelivery(fact.delivery, fact.message, nowMs, out);
      case 'chatTaken':
        return verdict(this.outbox.handleTaken(fact, nowMs, out));
      case 'done':
        return verdict(this.#handleDone(this.requests.handleDone(fact.id, out)));
      case 'refused':
        return verdict(this.#handleRefused(fact, nowMs, out));
      case 'bans':
        out.onBans(fact.bans);
        return 'fits';
      case 'history':
        out.onHistory(fact);
        return 'fits';
      case 'whisperKeyFrom':
        if (!this.roster.hasMember(fact.from)) return 'doesNotFit';
        out.onWhisperKey(fact);
        return 'fits';
      case 'heard':
        this.#setHeard({ lostPermille: fact.lostPermille, burstTenths: fact.burstTenths }, out);
        return 'fits';
      case 'commitWanted':
      case 'committed':
      case 'groupWelcome':
      case 'keyPackageWanted':
        out.onKeyMessage(fact);
        return 'fits';
      default:
        return assertNever(fact);
    }
  }

  handleLaneLost(out: SessionOut): void {
    this.#connected = false;
    this.inbox.handleLaneLost();
    this.outbox.handleLaneLost();
    this.requests.handleLaneLost(out);
  }

  handleEnd(out: SessionOut): void {
    this.handleLaneLost(out);
    this.outbox.handleEnd(out);
    this.roster.clear();
  }

  handleDeadline(nowMs: number, out: SessionOut): void {
    this.requests.handleDeadline(nowMs, out);
    if (!this.#connected) return;
    this.inbox.handleDeadline(nowMs, out);
    this.outbox.handleDeadline(nowMs, out);
  }

  nextDeadlineMs(): number | null {
    const asked = this.requests.nextDeadlineMs();
    if (!this.#connected) return asked;
    return earliestMs(asked, earliestMs(this.inbox.nextDeadlineMs(), this.outbox.nextDeadlineMs()));
  }

  setState(muted: boolean, deafened: boolean, out: SessionOut): void {
    if (muted === this.#muted && deafened === this.#deafened) return;
    this.#muted = muted;
    this.#deafened = deafened;
    if (this.#connected) this.#sendState(out);
  }

  setVoicePath(path: VoicePath, out: SessionOut): void {
    if (path === this.#voicePath) return;
    this.#voicePath = path;
    if (this.#connected) out.sendControl({ type: 'voicePath', path });
  }

  /** @returns the number of the request, or null when none was made */
  joinChannel(
    channel: number | null,
    password: string | undefined,
    nowMs: number,
    out: SessionOut,
  ): number | null {
    this.#wantedChannel = channel;
    this.#wantedPassword = password;
    if (this.#connected) return this.#askForChannel(nowMs, out);
    this.#chosenWhileAway = true;
    return null;
  }

  /** @returns the number of the request, or null when none was made */
  setWhisperList(list: number, targets: readonly number[], nowMs: number, out: SessionOut): number | null {
    const remembered = this.#whisperLists.set(list, targets);
    if (!this.#connected && remembered) return null;
    return this.request({ kind: 'whisperList', list, targets: [...targets] }, nowMs, out);
  }

  request(request: Request, nowMs: number, out: SessionOut): number {
    return this.requests.make(request, this.#connected, nowMs, out);
  }

  sendChatWaiting(nowMs: number, out: SessionOut): void {
    if (this.#connected) this.outbox.send(nowMs, out);
  }

  sendKey(message: OwnKeyMessage, out: SessionOut): boolean {
    if (!this.#connected) {
      this.#counters.keysDropped += 1;
      return false;
    }
    this.#counters.keysSent += 1;
    out.sendControl(message);
    return true;
  }

  /** @returns false, and counts it, when there is nothing to say, nobody to say it to, or it comes too soon */
  sendHearing(reports: readonly HearingReport[], nowMs: number, out: SessionOut): boolean {
    const tooSoon = this.#hearingSentMs !== null && nowMs < this.#hearingSentMs + HEARING_INTERVAL_MS;
    if (!this.#connected || tooSoon || reports.length === 0) {
      this.#counters.hearingDropped += 1;
      return false;
    }
    this.#hearingSentMs = nowMs;
    this.#counters.hearingSent += 1;
    out.sendControl({ type: 'hearing', reports: reports.slice(0, MAX_HEARING_REPORTS) });
    return true;
  }

  #askForMembers(after: number, out: SessionOut): void {
    if (!this.roster.complete) out.sendControl({ type: 'listMembers', after });
  }

  #setHeard(losses: Losses, out: SessionOut): void {
    this.#lossesHeard = losses.lostPermille > 0;
    out.onHeard(losses);
  }

  #applyToRoster(
    fact: Extract<
      Fact,
      {
        type: 'memberJoined' | 'memberLeft' | 'memberChanged' | 'channelChanged' | 'channelRemoved' | 'roles';
      }
    >,
  ): boolean {
    switch (fact.type) {
      case 'memberJoined':
        return this.roster.applyJoined(fact.member);
      case 'memberLeft':
        return this.roster.applyLeft(fact.token);
      case 'memberChanged': {
        const known = this.roster.applyChanged(fact.member);
        if (known && fact.member.token === this.roster.ownToken) this.#wantedChannel = fact.member.channel;
        return known;
      }
      case 'channelChanged':
        return this.roster.applyChannel(fact.channel);
      case 'channelRemoved':
        return this.roster.applyChannelRemoved(fact.channel);
      case 'roles':
        return this.roster.applyRoles(fact.roles);
      default:
        return assertNever(fact);
    }
  }

  #handleDelivery(delivery: number, message: ChatMessage, nowMs: number, out: SessionOut): FactVerdict {
    switch (this.inbox.handleDelivery(delivery, nowMs, out)) {
      case 'next':
        out.onChat(message, { own: message.from.identity === this.#identity });
        return 'fits';
      case 'repeated':
        return 'fits';
      case 'outOfOrder':
        return 'gap';
    }
  }

  #handleDone(request: Request | null): boolean {
    if (request?.kind === 'whisperList') this.#whisperLists.handleRegistered(request.list);
    return request !== null;
  }

  #handleRefused(message: RefusedMessage, nowMs: number, out: SessionOut): boolean {
    this.#counters.refusals += 1;
    if (message.chat !== null) return this.outbox.handleRefused(message.chat, message, nowMs, out);
    if (message.code === 'keyRejected' || message.code === 'staleCommit') {
      out.onDidRefuseKey(message.code);
      return true;
    }
    if (message.request === null) {
      this.#lastRefusal = describeRefusal(message);
      out.onDidChange();
      return true;
    }
    const request = this.requests.handleRefused(message.request, message, out);
    // Where we may not go, we do not try to get to again after the next reconnect.
    if (request?.kind === 'join' && request.channel === this.#wantedChannel)
      this.#wantedChannel = this.roster.own()?.channel ?? null;
    return request !== null;
  }

  /** The relay keeps the place of a session that goes on; a new one begins where newcomers land. */
  #returnToChannel(resumed: boolean, nowMs: number, out: SessionOut): void {
    const landed = this.roster.own()?.channel ?? null;
    const wanted = this.#wantedChannel;
    const asked = this.#chosenWhileAway || !resumed;
    const possible = wanted !== undefined && (wanted === null || this.roster.hasChannel(wanted));
    this.#chosenWhileAway = false;
    if (!asked || !possible) this.#wantedChannel = landed;
    else if (wanted !== landed) this.#askForChannel(nowMs, out);
  }

  #askForChannel(nowMs: number, out: SessionOut): number | null {
    const channel = this.#wantedChannel ?? null;
    if (channel === null) {
      out.sendControl({ type: 'leave' });
      return null;
    }
    const password = this.#wantedPassword;
    return this.request(
      password === undefined ? { kind: 'join', channel } : { kind: 'join', channel, password },
      nowMs,
      out,
    );
  }

  #registerLists(nowMs: number, out: SessionOut): void {
    const isPresent = (token: number): boolean => this.roster.hasMember(token);
    for (const { list, targets } of this.#whisperLists.unregistered(isPresent))
      this.request({ kind: 'whisperList', list, targets }, nowMs, out);
  }

  #sendState(out: SessionOut): void {
    out.sendControl({ type: 'state', muted: this.#muted, deafened: this.#deafened });
  }
}

/** The earlier of two deadlines, null being none. */
export function earliestMs(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

function verdict(fits: boolean): FactVerdict {
  return fits ? 'fits' : 'doesNotFit';
}
