import { type ChatTarget, chatTextSchema, MAX_CHAT_BYTES, utf8Bytes } from '../wire/chat.ts';
import type { RelayMessage } from '../wire/control.ts';
import type { SessionCounters } from './session-counters.ts';
import { describeRefusal } from './session-end.ts';
import type { ChatOutcome, RefusedMessage, SessionOut } from './session-out.ts';

/** Messages that wait for the relay to take them: what a person writes in the two minutes a place is held. */
export const MAX_CHAT_OUTBOX = 100;

/** Longest wait for the relay to take a message, in ms: a lane that is merely stuck is noticed, and resumed, before. */
export const CHAT_TIMEOUT_MS = 30_000;

/** Messages that may go out one right after the other, and the pace after them, in ms: a little below what relays take. */
export const MAX_CHAT_BURST = 8;
export const CHAT_PACE_MS = 1_100;

const sentences = {
  tooLong: 'That message is longer than 4 KiB. Split it.',
  invisible: 'That message is empty, or has characters that cannot be shown.',
  full: 'Too many messages wait for the connection. Wait until they are sent.',
  uncertain: 'The connection was lost, and it is not certain that this message arrived.',
  unsent: 'You left the room before this message was sent.',
  noAnswer: 'The room did not say whether it took this message.',
} as const;

interface Outgoing {
  /** Our own number, over all sessions. */
  readonly id: number;
  readonly to: ChatTarget;
  readonly text: string;
  /** Its number within the session; null until it is sent first. */
  wireId: number | null;
}

/**
 * Chat on its way to the relay: one message at a time, the next when the relay has taken or refused the last.
 *
 * So `chatTaken` of a resumed welcome leaves no doubt about a single one: with several on their way, a refusal that
 * was lost with the lane would look like a message taken. A message whose session is gone is not sent again: it may
 * have been delivered, and none is delivered twice.
 */
export class ChatOutbox {
  readonly #counters: SessionCounters;
  /** Oldest first; only the first may be on its way. */
  readonly #queue: Outgoing[] = [];
  #lastId = 0;
  #lastWireId = 0;
  /** When the first is given up; null: it is not on its way over the present lane. */
  #dueMs: number | null = null;
  /** When all that was sent would have been sent, had it kept the pace. */
  #pacedMs = 0;

  constructor(counters: SessionCounters) {
    this.#counters = counters;
  }

  /** Neither taken nor failed yet. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** The newest number used in this session: no relay has taken a later one. */
  get lastWireId(): number {
    return this.#lastWireId;
  }

  /** Takes a message in; `send` sends it. */
  put(
    to: ChatTarget,
    text: string,
  ): { readonly ok: true; readonly id: number } | { readonly ok: false; readonly sentence: string } {
    if (utf8Bytes(text) > MAX_CHAT_BYTES) return { ok: false, sentence: sentences.tooLong };
    if (!chatTextSchema.safeParse(text).success) return { ok: false, sentence: sentences.invisible };
    if (this.#queue.length >= MAX_CHAT_OUTBOX) return { ok: false, sentence: sentences.full };
    this.#counters.chatsWritten += 1;
    this.#lastId += 1;
    this.#queue.push({ id: this.#lastId, to, text, wireId: null });
    return { ok: true, id: this.#lastId };
  }

  /** Sends the oldest message, unless one is on its way or it is too soon. Only over a lane that carries the session. */
  send(nowMs: number, out: SessionOut): void {
    const first = this.#queue[0];
    if (first === undefined || this.#dueMs !== null || nowMs < this.#mayGoMs()) return;
    this.#pacedMs = Math.max(this.#pacedMs, nowMs) + CHAT_PACE_MS;
    if (first.wireId === null) {
      this.#lastWireId += 1;
      first.wireId = this.#lastWireId;
    }
    this.#dueMs = nowMs + CHAT_TIMEOUT_MS;
    out.sendControl({ type: 'chat', id: first.wireId, to: first.to, text: first.text });
  }

  /** @returns false when that message is not on its way */
  handleTaken(taken: Extract<RelayMessage, { type: 'chatTaken' }>, nowMs: number, out: SessionOut): boolean {
    if (!this.#isOnItsWay(taken.id)) return false;
    this.#settle({ kind: 'taken', message: taken.message, sentMs: taken.sentMs }, out);
    this.send(nowMs, out);
    return true;
  }

  /** @returns false when that message is not on its way */
  handleRefused(wireId: number, message: RefusedMessage, nowMs: number, out: SessionOut): boolean {
    if (!this.#isOnItsWay(wireId)) return false;
    const { code, sentence } = describeRefusal(message);
    this.#settle({ kind: 'failed', certain: true, code, sentence }, out);
    this.send(nowMs, out);
    return true;
  }

  handleLaneLost(): void {
    this.#dueMs = null;
  }

  /** @param chatTaken the newest of our messages that the relay has taken */
  handleResumed(chatTaken: number, out: SessionOut): void {
    const wireId = this.#queue[0]?.wireId ?? null;
    if (wireId !== null && wireId <= chatTaken)
      this.#settle({ kind: 'taken', message: null, sentMs: null }, out);
  }

  /** The session that a message was sent in is gone; those not sent yet go out in the new one. */
  handleNewSession(chatTaken: number, out: SessionOut): void {
    this.#failSent(out);
    this.#lastWireId = chatTaken;
  }

  /** The session is over, and none follows. */
  handleEnd(out: SessionOut): void {
    this.#failSent(out);
    while (this.#queue.length > 0) this.#fail(true, sentences.unsent, out);
  }

  handleDeadline(nowMs: number, out: SessionOut): void {
    if (this.#dueMs !== null && nowMs >= this.#dueMs) this.#fail(false, sentences.noAnswer, out);
    this.send(nowMs, out);
  }

  /** Only while a lane carries the session. */
  nextDeadlineMs(): number | null {
    if (this.#queue.length === 0) return null;
    return this.#dueMs ?? this.#mayGoMs();
  }

  #mayGoMs(): number {
    return this.#pacedMs - (MAX_CHAT_BURST - 1) * CHAT_PACE_MS;
  }

  #isOnItsWay(wireId: number): boolean {
    return this.#dueMs !== null && this.#queue[0]?.wireId === wireId;
  }

  #failSent(out: SessionOut): void {
    const wireId = this.#queue[0]?.wireId ?? null;
    if (wireId !== null) this.#fail(false, sentences.uncertain, out);
  }

  #fail(certain: boolean, sentence: string, out: SessionOut): void {
    this.#settle({ kind: 'failed', certain, code: null, sentence }, out);
  }

  #settle(outcome: ChatOutcome, out: SessionOut): void {
    const first = this.#queue.shift();
    if (first === undefined) return;
    this.#dueMs = null;
    if (outcome.kind === 'taken') this.#counters.chatsTaken += 1;
    else if (outcome.code !== null) this.#counters.chatsRefused += 1;
    else this.#counters.chatsFailed += 1;
    out.onDidSettleChat(first.id, outcome);
  }
}
