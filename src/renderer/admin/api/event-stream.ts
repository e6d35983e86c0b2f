import { createParser } from 'eventsource-parser';
import { type AdminEvent, adminEventSchema } from '../../../contract/admin.ts';
import { MAX_ATTEMPTS, retryDelayMs } from '../../bridge-backoff.ts';
import { EXPIRED, type Refusal } from './admin-http.ts';

/**
 * Silent for so long, in ms, the connection counts as lost: the relay tells its traffic every second, and is heard
 * every 15 seconds whatever happens.
 */
export const MAX_SILENCE_MS = 20_000;

/**
 * How the stream of events stands.
 *
 * - connecting: for the first time
 * - live: events come
 * - lost: it is tried again, `sentence` says what the relay answered, where it did
 */
export type StreamStatus =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly sentence: string };

/** Calls back once after `delayMs`; returns what calls it off. */
type Later = (delayMs: number, callback: () => void) => () => void;

export interface StreamSurroundings {
  /** Asks for the events; answers with a response whose body has not been read. */
  readonly open: (signal: AbortSignal) => Promise<Response | Refusal>;
  readonly later: Later;
  /** 0 to 1. */
  readonly chance: () => number;
  readonly onEvent: (event: AdminEvent) => void;
  readonly onStatus: (status: StreamStatus) => void;
}

/**
 * Follows the relay's events (HTML Living Standard, 9.2.6) on a request that carries the session's token, which the
 * browser's own EventSource cannot. Comes back by itself, waiting longer each time; every connection begins with the
 * whole room, so that nothing is missed.
 */
export class EventStream {
  private readonly around: StreamSurroundings;
  private current: AbortController | null = null;
  private callOff: (() => void) | null = null;
  private failures = 0;
  /** Events of a kind that this page does not know, or of another shape: of a newer relay. */
  private ignored = 0;

  constructor(around: StreamSurroundings) {
    this.around = around;
  }

  get ignoredEvents(): number {
    return this.ignored;
  }

  start(): void {
    this.stop();
    this.around.onStatus({ kind: 'connecting' });
    void this.follow();
  }

  /** Does not wait any longer. */
  tryNow(): void {
    if (this.callOff === null) return;
    this.callOff();
    this.callOff = null;
    void this.follow();
  }

  stop(): void {
    this.callOff?.();
    this.callOff = null;
    this.current?.abort();
    this.current = null;
    this.failures = 0;
  }

  private async follow(): Promise<void> {
    this.callOff = null;
    const control = new AbortController();
    this.current = control;
    const response = await this.around.open(control.signal);
    if (this.current !== control) return;
    if (!(response instanceof Response)) {
      // Whoever holds the session knows already, and asks for a new one.
      if (response.code === EXPIRED) return;
      this.lose(response.sentence);
      return;
    }
    await this.read(response, control);
    if (this.current === control) this.lose('');
  }

  private async read(response: Response, control: AbortController): Promise<void> {
    const parser = createParser({ onEvent: (message) => this.take(message.data) });
    const text = new TextDecoder();
    const reader = response.body?.getReader();
    if (reader === undefined) return;
    let quiet = (): void => undefined;
    const listen = (): void => {
      quiet();
      quiet = this.around.later(MAX_SILENCE_MS, () => control.abort());
    };
    control.signal.addEventListener('abort', () => void reader.cancel().catch(() => undefined));
    try {
      for (;;) {
        listen();
        const { done, value } = await reader.read();
        if (done || this.current !== control) return;
        parser.feed(text.decode(value, { stream: true }));
      }
    } catch {
      // The connection broke: the same as its end.
    } finally {
      quiet();
    }
  }

  private take(data: string): void {
    let value: unknown;
    try {
      value = JSON.parse(data);
    } catch {
      this.ignored += 1;
      return;
    }
    const event = adminEventSchema.safeParse(value);
    if (!event.success) {
      this.ignored += 1;
      return;
    }
    if (event.data.type === 'room') {
      this.failures = 0;
      this.around.onStatus({ kind: 'live' });
    }
    this.around.onEvent(event.data);
  }

  private lose(sentence: string): void {
    this.current = null;
    this.failures += 1;
    this.around.onStatus({ kind: 'lost', sentence });
    // Never given up: a page that is left open on a server is to be found up to date.
    const wait = retryDelayMs(Math.min(this.failures, MAX_ATTEMPTS), this.around.chance()) ?? 0;
    this.callOff = this.around.later(wait, () => void this.follow());
  }
}
