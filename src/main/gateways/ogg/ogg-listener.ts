import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { OggCursor } from '../../../core/ogg/ogg-cursor.ts';
import type { ProgramOgg } from '../../../core/ogg/program-ogg.ts';
import type { Outlet, OutletEnd, Seat } from '../../../core/program/fan-out.ts';
import type { Program } from '../../../core/program/program.ts';
import type { ProgramPage } from '../../../core/program/program-frame.ts';
import { answerSentence, STREAM_HEADERS } from './stream-answers.ts';

/**
 * How long a request is held without an answer while nothing is on, in ms. A mix that was resting and a publisher that
 * comes back are there sooner; a player that is told 200 and then nothing shows that it plays, and one that is told
 * no at once gives up. Shorter than any player's own patience (GStreamer's is 15 s).
 */
export const FIRST_SOUND_LIMIT_MS = 10_000;

/** When to ask again after that, in seconds. */
export const RETRY_AFTER_SECONDS = 10;

/** How long a stream may be silent between two broadcasts before it ends, in ms: a publisher's machine that restarts. */
const SILENCE_LIMIT_MS = 300_000;

/** Longest wait for a peer to take what is still on its way to it, and to hang up, in ms. */
const LINGER_MS = 2_000;

/** How it came to an end; `away`: its peer went. */
export type ListenerEnd = 'nothingOn' | 'silent' | 'tooSlow' | 'closed' | 'revoked' | 'defect' | 'away';

export interface OggListenerOptions {
  readonly response: ServerResponse;
  /** The response's own: nothing is asked on this connection any more, and pages go straight to it. */
  readonly socket: Socket;
  readonly ogg: ProgramOgg;
  readonly nowMs: number;
  /** At most once. */
  readonly onDidEnd: (end: ListenerEnd) => void;
}

/** One response that a program's Ogg pages go into, from the first page on; before, it is not answered. */
export class OggListener implements Outlet<ProgramPage> {
  readonly #response: ServerResponse;
  readonly #socket: Socket;
  readonly #ogg: ProgramOgg;
  readonly #onDidEnd: (end: ListenerEnd) => void;
  readonly #cursor = new OggCursor();
  readonly #write: (bytes: Uint8Array) => void;
  #seat: Seat | null = null;
  #deadlineMs: number;
  #answered = false;
  #ended = false;

  constructor({ response, socket, ogg, nowMs, onDidEnd }: OggListenerOptions) {
    this.#response = response;
    this.#socket = socket;
    this.#ogg = ogg;
    this.#onDidEnd = onDidEnd;
    this.#deadlineMs = nowMs + FIRST_SOUND_LIMIT_MS;
    this.#write = (bytes) => socket.write(bytes);
    response.once('close', () => this.#finish('away'));
  }

  /** Takes its place among the listeners, with what was heard last. */
  join(program: Program, nowMs: number): void {
    const seat = program.pages.join(this, this.#ogg.opening(nowMs));
    this.#seat = seat;
    if (this.#ended) seat.leave();
  }

  send(page: ProgramPage): void {
    this.#deadlineMs = page.atMs + SILENCE_LIMIT_MS;
    if (!this.#answered) this.#answer();
    this.#cursor.handlePage(page, this.#ogg.headers, this.#seat?.lost ?? 0, this.#write);
  }

  backlogBytes(): number {
    return this.#socket.writableLength;
  }

  /** The kernel let go of it. */
  end(reason: OutletEnd): void {
    this.#finish(reason);
    if (reason === 'closed') this.#hangUp('This channel cannot be listened to any longer.');
    else this.#socket.destroy();
  }

  /** It may not listen any longer. */
  revoke(): void {
    this.#finish('revoked');
    this.#hangUp('You may not listen to this channel any longer.');
  }

  handleTimeout(nowMs: number): void {
    if (nowMs < this.#deadlineMs) return;
    this.#finish(this.#answered ? 'silent' : 'nothingOn');
    this.#hangUp('There is nothing to hear in this channel just now.');
  }

  /** The gateways close. */
  close(): void {
    this.#finish('closed');
    this.#socket.destroy();
  }

  #answer(): void {
    this.#answered = true;
    // Node would send chunks to clients of HTTP/1.1.
    this.#response.removeHeader('Transfer-Encoding');
    this.#response.writeHead(200, STREAM_HEADERS);
    this.#response.flushHeaders();
  }

  /** Ends a stream that was begun; tells whoever got nothing so far why. */
  #hangUp(sentence: string): void {
    const limit = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    this.#socket.once('close', () => clearTimeout(limit));
    if (this.#answered) this.#socket.end();
    else {
      answerSentence(this.#response, 503, sentence, {
        'Retry-After': RETRY_AFTER_SECONDS,
        Connection: 'close',
      });
    }
  }

  #finish(end: ListenerEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#seat?.leave();
    this.#onDidEnd(end);
  }
}
