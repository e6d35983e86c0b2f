import type { Request } from '../wire/control.ts';
import type { SessionCounters } from './session-counters.ts';
import { describeRefusal } from './session-end.ts';
import type { RefusedMessage, SessionOut } from './session-out.ts';

/**
 * Requests that wait for their answer at one time: more than a person clicks, all whisper lists and a channel at once,
 * and with a login before them still less than a relay takes in one burst.
 */
export const MAX_REQUESTS = 20;

/** Longest wait for an answer, in ms: a password is hashed in line behind those of others, on a slow computer. */
export const REQUEST_TIMEOUT_MS = 15_000;

const sentences = {
  notConnected: 'You are not connected to the room at the moment. Try again when the connection is back.',
  tooMany: 'The room has not answered your last requests yet. Wait a moment and try again.',
  laneLost: 'The connection was lost before the room answered. Check whether it was done.',
  noAnswer: 'The room did not answer. Check whether it was done, or try again.',
} as const;

interface Waiting {
  readonly request: Request;
  readonly dueMs: number;
}

/** What was asked of the relay and not answered yet. Every number given out is answered exactly once. */
export class Requests {
  readonly #counters: SessionCounters;
  /** By number, and so by the time they are due. */
  readonly #waiting = new Map<number, Waiting>();
  /** Refused here. Answered at the next deadline: whoever asks must have the number before its answer. */
  readonly #stillborn: { readonly id: number; readonly sentence: string }[] = [];
  #lastId = 0;

  constructor(counters: SessionCounters) {
    this.#counters = counters;
  }

  /** Without an answer yet. */
  get waiting(): number {
    return this.#waiting.size + this.#stillborn.length;
  }

  /** @returns the number that its answer will carry */
  make(request: Request, connected: boolean, nowMs: number, out: SessionOut): number {
    this.#counters.requestsMade += 1;
    this.#lastId += 1;
    const id = this.#lastId;
    if (!connected) {
      this.#stillborn.push({ id, sentence: sentences.notConnected });
    } else if (this.#waiting.size >= MAX_REQUESTS) {
      this.#stillborn.push({ id, sentence: sentences.tooMany });
    } else {
      this.#waiting.set(id, { request, dueMs: nowMs + REQUEST_TIMEOUT_MS });
      out.sendControl({ type: 'request', id, request });
    }
    return id;
  }

  /** @returns what was asked, or null when nothing waits under that number */
  handleDone(id: number, out: SessionOut): Request | null {
    const waiting = this.#take(id);
    if (waiting === null) return null;
    this.#counters.requestsDone += 1;
    out.onDidAnswer(id, { ok: true });
    return waiting.request;
  }

  /** @returns what was asked, or null when nothing waits under that number */
  handleRefused(id: number, message: RefusedMessage, out: SessionOut): Request | null {
    const waiting = this.#take(id);
    if (waiting === null) return null;
    this.#counters.requestsRefused += 1;
    out.onDidAnswer(id, { ok: false, ...describeRefusal(message) });
    return waiting.request;
  }

  /** No answer comes over a lane that is gone. */
  handleLaneLost(out: SessionOut): void {
    for (const id of [...this.#waiting.keys()]) {
      this.#waiting.delete(id);
      this.#fail(id, sentences.laneLost, out);
    }
  }

  handleDeadline(nowMs: number, out: SessionOut): void {
    for (const { id, sentence } of this.#stillborn.splice(0)) this.#fail(id, sentence, out);
    for (const [id, { dueMs }] of this.#waiting) {
      if (dueMs > nowMs) return;
      this.#waiting.delete(id);
      this.#fail(id, sentences.noAnswer, out);
    }
  }

  nextDeadlineMs(): number | null {
    if (this.#stillborn.length > 0) return 0;
    for (const { dueMs } of this.#waiting.values()) return dueMs;
    return null;
  }

  #take(id: number): Waiting | null {
    const waiting = this.#waiting.get(id) ?? null;
    this.#waiting.delete(id);
    return waiting;
  }

  #fail(id: number, sentence: string, out: SessionOut): void {
    this.#counters.requestsFailed += 1;
    out.onDidAnswer(id, { ok: false, code: null, rule: null, sentence });
  }
}
