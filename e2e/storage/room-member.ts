import type { ChatEvent } from '../../src/contract/chat.ts';
import type { Rng } from '../../src/core/base/rng.ts';
import { parseRelayMessage } from '../../src/core/session/parse-relay-message.ts';
import type { ChatMessage } from '../../src/core/wire/chat.ts';
import type { Ban, Request } from '../../src/core/wire/control.ts';
import type { Lane, LaneRequest } from '../../src/main/app/ports.ts';
import type { Room } from '../../src/main/app/room.ts';
import { ControlLane } from '../../src/main/control/control-lane.ts';
import { HeadlessMember } from '../rig/member/headless-member.ts';

/**
 * Part of its usual pause that a member waits before it tries again. A program that is driven out again and again
 * slows down to 15 s; here it is driven out 200 times, and nobody has an hour.
 */
const PAUSE_SHARE = 0.02;

/** Requests at once on one lane, and after them per second: below what the relay takes, with a login and chat beside them. */
const MAX_REQUEST_BURST = 18;
const REQUESTS_PER_SECOND = 4;

/** Requests without an answer: below what a client allows itself. */
const MAX_WAITING_REQUESTS = 15;

/** How long an attempt of a member that is to stay away takes to come to nothing, in ms. */
const AWAY_ATTEMPT_MS = 100;

/** What became of a request. `lost`: the lane broke before the answer came, so it may be done or not. */
export type Fate =
  | { readonly kind: 'done' | 'lost' }
  | { readonly kind: 'refused'; readonly sentence: string };

export interface RoomMemberOptions {
  readonly nickname: string;
  readonly rng: Rng;
  /** @param fromHistory it was asked for as history, so it may have been shown before */
  readonly onChat: (event: ChatEvent, fromHistory: boolean) => void;
}

/** A member over real sockets, as the program is one, with an ear at its control lane. */
export class RoomMember {
  readonly nickname: string;
  /** Welcomes after the first: into the session there was, or into a new one. */
  resumed = 0;
  notResumed = 0;
  /** When the newest welcome came, on the clock of `performance.now`. */
  welcomedMs = 0;
  /** The lane is open. */
  laneOpen = false;
  /** Called as soon as the relay has said that something is done, before anybody acts on it. */
  onAnswer: (() => void) | null = null;
  /** Welcomes are lost on their way, and what comes after them. */
  losesWelcomes = false;
  welcomesLost = 0;
  readonly #member: HeadlessMember;
  readonly #history: ChatMessage[] = [];
  #welcomed = false;
  #lanesLost = 0;
  #readingHistory = false;
  #away = false;
  #hangUp: (() => void) | null = null;
  /** Requests on this lane, and those of them without an answer. */
  #requests = 0;
  #waiting = 0;
  #answersLost = false;

  constructor(options: RoomMemberOptions) {
    this.nickname = options.nickname;
    this.#member = new HeadlessMember({
      nickname: options.nickname,
      rng: { next: () => options.rng.next() * PAUSE_SHARE },
      openLane: (request) => (this.#away ? openNothing(request) : this.#open(request)),
      onChat: (event) => options.onChat(event, this.#readingHistory),
    });
  }

  get identity(): string {
    return this.#member.identity.publicKey;
  }

  get call(): Room['call'] {
    return this.#member.room.call;
  }

  /** Sentences that a person would have been shown. */
  get notices(): readonly string[] {
    return this.#member.notices;
  }

  get away(): boolean {
    return this.#away;
  }

  /** There is room for one more request on the lane. */
  get mayAsk(): boolean {
    const seconds = (performance.now() - this.welcomedMs) / 1_000;
    return (
      this.call.connected &&
      this.#waiting < MAX_WAITING_REQUESTS &&
      this.#requests < MAX_REQUEST_BURST + seconds * REQUESTS_PER_SECOND
    );
  }

  async join(doors: { readonly port: number; readonly certificateSha256: string }): Promise<void> {
    const joined = await this.#member.join(doors);
    if (!joined.ok) throw new Error(`${this.nickname} is not let in: ${joined.sentence}`);
  }

  leave(): void {
    this.#member.leave();
  }

  /** Loses its connection and does not get another until `comeBack`. */
  goAway(): void {
    this.#away = true;
    this.#hangUp?.();
  }

  /** Nothing that the relay says over this lane arrives any more, as when it goes down with its machine. */
  loseAnswers(): void {
    this.#answersLost = true;
  }

  comeBack(): void {
    this.#away = false;
  }

  tokenOf(identity: string): number | null {
    return this.call.members.find((member) => member.identity === identity)?.token ?? null;
  }

  async ask(request: Request): Promise<Fate> {
    this.#requests += 1;
    this.#waiting += 1;
    const lanesLost = this.#lanesLost;
    const outcome = await this.call.request(request);
    this.#waiting -= 1;
    if (outcome.ok) return { kind: 'done' };
    return lanesLost === this.#lanesLost ? { kind: 'refused', sentence: outcome.sentence } : { kind: 'lost' };
  }

  /** @throws Error when the relay does not answer */
  async listBans(): Promise<readonly Ban[]> {
    this.#requests += 1;
    const outcome = await this.call.listBans();
    if (!outcome.ok) throw new Error(`the bans are not listed: ${outcome.sentence}`);
    return outcome.bans;
  }

  /**
   * A page of a channel's history.
   *
   * @param before older than that message; null: the newest
   * @throws Error when the relay does not answer
   */
  async readHistory(channel: number, before: number | null): Promise<readonly ChatMessage[]> {
    this.#history.length = 0;
    const fate = await this.ask({ kind: 'history', channel, before });
    if (fate.kind !== 'done') throw new Error('the history is not told');
    return [...this.#history];
  }

  write(target: ChatEvent['target'], text: string): void {
    const sent = this.#member.room.sendChat(target, text);
    if (!sent.ok) throw new Error(`a message is not sent: ${sent.sentence}`);
  }

  #open(request: LaneRequest): Lane {
    const lane = new ControlLane({
      ...request,
      onDidOpen: (facts) => {
        this.laneOpen = true;
        this.#answersLost = false;
        request.onDidOpen(facts);
      },
      onMessage: (text) => this.#hear(text, request),
      onDidClose: (failure) => {
        this.#handleLost();
        request.onDidClose(failure);
      },
    });
    const close = (): void => {
      this.#handleLost();
      lane.close();
    };
    this.#hangUp = () => {
      close();
      request.onDidClose('closed');
    };
    return { send: (text) => lane.send(text), sendDatagram: (bytes) => lane.sendDatagram(bytes), close };
  }

  #hear(text: string, request: LaneRequest): void {
    if (this.#answersLost) return;
    const message = parseRelayMessage(text);
    if (message?.type === 'done' || message?.type === 'chatTaken') this.onAnswer?.();
    if (message?.type === 'welcome') {
      if (this.losesWelcomes) {
        this.welcomesLost += 1;
        this.#answersLost = true;
        return;
      }
      if (this.#welcomed && message.resumed) this.resumed += 1;
      else if (this.#welcomed) this.notResumed += 1;
      this.#welcomed = true;
      this.welcomedMs = performance.now();
      this.#requests = 0;
    }
    if (message?.type === 'history') this.#history.push(...message.messages);
    // What a message sets off is told before the call returns.
    this.#readingHistory = message?.type === 'history';
    request.onMessage(text);
    this.#readingHistory = false;
  }

  #handleLost(): void {
    if (this.laneOpen) this.#lanesLost += 1;
    this.laneOpen = false;
    this.#hangUp = null;
  }
}

/** A lane that never opens. */
function openNothing(request: LaneRequest): Lane {
  const attempt = setTimeout(() => request.onDidClose('unreachable'), AWAY_ATTEMPT_MS);
  return { send: () => undefined, sendDatagram: () => undefined, close: () => clearTimeout(attempt) };
}
