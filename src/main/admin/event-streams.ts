import type { ServerResponse } from 'node:http';
import type { AdminEvent, AdminRoom } from '../../contract/admin.ts';

/** Streams at once, and those of one account: a handful of open dashboards each. */
export const MAX_EVENT_STREAMS = 32;
export const MAX_STREAMS_PER_ACCOUNT = 8;

/**
 * What may wait for a reader that does not keep up, in bytes; then it is cut, and comes back with a fresh room. The
 * room itself, with 5,000 members, takes about 1.5 MB.
 */
export const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;

/** Lines that say nothing, so that proxies and readers know that the stream lives, in ms. */
export const HEARTBEAT_MS = 15_000;

/** Ready for `data:` of server-sent events (HTML Living Standard, 9.2.6): JSON has no line breaks. */
function frame(event: AdminEvent): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}

/** Why a stream is no more. */
type StreamEnd =
  | 'streamsLeft'
  | 'streamsTooSlow'
  | 'streamsTokenEnded'
  | 'streamsRelayGone'
  | 'streamsClosed';

/** One reader. */
interface Stream {
  readonly response: ServerResponse;
  readonly account: string;
  readonly holds: () => boolean;
  readonly expiry: NodeJS.Timeout;
  /** Frames that came while the room was asked for; null: it has been sent. */
  early: string[] | null;
  earlyBytes: number;
}

export interface StreamOpening {
  /** Its head is written, and it stays open. */
  readonly response: ServerResponse;
  readonly account: string;
  /** Whether the reader's token is still good. */
  readonly holds: () => boolean;
  readonly expiresInMs: number;
  readonly room: Promise<AdminRoom>;
}

/**
 * Server-sent events to everybody who watches the room.
 *
 * The first is the room as a whole. What changes while it is asked for is kept and sent after it: it may be part of
 * the room already, and saying the last state of something twice changes nothing.
 */
export class EventStreams {
  readonly #streams = new Set<Stream>();
  readonly #maxBacklogBytes: number;
  readonly #heartbeat: NodeJS.Timeout;
  // streamsOpened = streams that are open + those that ended, by reason.
  readonly #counts = {
    streamsOpened: 0,
    streamsLeft: 0,
    streamsTooSlow: 0,
    streamsTokenEnded: 0,
    streamsRelayGone: 0,
    streamsClosed: 0,
    eventsSent: 0,
  };

  constructor(maxBacklogBytes: number = MAX_BACKLOG_BYTES, heartbeatMs: number = HEARTBEAT_MS) {
    this.#maxBacklogBytes = maxBacklogBytes;
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs);
    this.#heartbeat.unref();
  }

  get counters(): Readonly<Record<string, number>> {
    return { ...this.#counts, streamsOpen: this.#streams.size };
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Whether one more may be opened for that account. */
  hasPlace(account: string): boolean {
    let own = 0;
    for (const stream of this.#streams) if (stream.account === account) own += 1;
    return this.#streams.size < MAX_EVENT_STREAMS && own < MAX_STREAMS_PER_ACCOUNT;
  }

  /** Takes the response over. The caller asked `hasPlace` in the same turn. */
  open({ response, account, holds, expiresInMs, room }: StreamOpening): void {
    // Tokens live for hours: a delay that setTimeout can hold.
    const expiry = setTimeout(() => this.#end(stream, 'streamsTokenEnded'), expiresInMs);
    const stream: Stream = { response, account, holds, expiry, early: [], earlyBytes: 0 };
    this.#counts.streamsOpened += 1;
    this.#streams.add(stream);
    response.on('close', () => this.#end(stream, 'streamsLeft'));
    response.on('error', () => this.#end(stream, 'streamsLeft'));
    room.then(
      (content) => this.#begin(stream, content),
      () => this.#end(stream, 'streamsRelayGone'),
    );
  }

  /** To everybody, in the order of the calls. */
  send(event: AdminEvent): void {
    if (this.#streams.size === 0) return;
    const text = frame(event);
    for (const stream of this.#streams) this.#write(stream, text);
  }

  /** Ends the streams of tokens that are not good any more. */
  endUnheld(): void {
    for (const stream of this.#streams) if (!stream.holds()) this.#end(stream, 'streamsTokenEnded');
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const stream of this.#streams) this.#end(stream, 'streamsClosed');
  }

  #begin(stream: Stream, room: AdminRoom): void {
    const early = stream.early ?? [];
    stream.early = null;
    this.#write(stream, frame({ type: 'room', room }));
    for (const text of early) this.#write(stream, text);
  }

  #write(stream: Stream, text: string): void {
    if (!this.#streams.has(stream)) return;
    this.#counts.eventsSent += 1;
    if (stream.early === null) {
      stream.response.write(text);
    } else {
      stream.early.push(text);
      stream.earlyBytes += Buffer.byteLength(text);
    }
    this.#cutIfSlow(stream);
  }

  #beat(): void {
    for (const stream of this.#streams) {
      if (stream.early === null) stream.response.write(':\n\n');
      this.#cutIfSlow(stream);
    }
  }

  #cutIfSlow(stream: Stream): void {
    const waitingBytes = stream.response.writableLength + (stream.early === null ? 0 : stream.earlyBytes);
    if (waitingBytes <= this.#maxBacklogBytes || !this.#streams.has(stream)) return;
    this.#end(stream, 'streamsTooSlow');
    // What waits would only be sent to somebody who does not read it.
    stream.response.destroy();
  }

  #end(stream: Stream, reason: StreamEnd): void {
    if (!this.#streams.delete(stream)) return;
    clearTimeout(stream.expiry);
    this.#counts[reason] += 1;
    stream.response.end();
  }
}
