import type { Readable } from 'node:stream';
import { OggPublisher, type PublisherNames, type PublisherRefusal } from '../../../core/ogg/ogg-publisher.ts';
import type { Program } from '../../../core/program/program.ts';

/** How a publisher's stream was over; `defect`: of ours. */
export type PublisherEnd = 'finished' | 'aborted' | 'revoked' | 'stopped' | 'defect' | PublisherRefusal;

export interface PublisherLineOptions {
  readonly program: Program;
  readonly names: PublisherNames;
  /** What it sends. */
  readonly body: Readable;
  readonly nowMs: () => number;
  /** Once. What was sent has been heard by then, where it `finished`. */
  readonly onDidEnd: (end: PublisherEnd) => void;
}

/** Reads what a publisher sends, as fast as it is heard: what it sends beyond that waits in its own connection. */
export class PublisherLine {
  readonly publisher: OggPublisher;
  readonly #body: Readable;
  readonly #nowMs: () => number;
  readonly #onDidEnd: (end: PublisherEnd) => void;
  /** Came, and was not taken yet; the body is paused then. */
  #rest: Uint8Array | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** How what it sends was over, once it was. */
  #bodyEnd: 'finished' | 'aborted' | null = null;
  #over = false;

  constructor({ program, names, body, nowMs, onDidEnd }: PublisherLineOptions) {
    this.publisher = new OggPublisher(program, names, nowMs());
    this.#body = body;
    this.#nowMs = nowMs;
    this.#onDidEnd = onDidEnd;
    body.on('data', (chunk: Buffer) => this.#take(chunk));
    body.on('end', () => this.#endBody('finished'));
    body.on('error', () => this.#endBody('aborted'));
    body.on('close', () => this.#endBody('aborted'));
    this.#schedule();
    // A bare connection is handed over paused.
    body.resume();
  }

  /** All that it sent has come: what waits of it is heard within two seconds, and then it is over. */
  get isFinishing(): boolean {
    return this.#bodyEnd !== null && this.#rest === null;
  }

  /** It is over at once. */
  end(end: PublisherEnd): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#rest = null;
    this.publisher.close();
    this.#onDidEnd(end);
  }

  /** What came until then is heard, whether its connection ended or broke. */
  #endBody(end: 'finished' | 'aborted'): void {
    this.#bodyEnd ??= end;
    this.#run();
  }

  #take(chunk: Buffer): void {
    if (this.#over) return;
    this.#rest = chunk;
    this.#run();
  }

  #run(): void {
    if (this.#over) return;
    try {
      this.#work();
    } catch {
      // It costs this publisher, and not all who publish and listen.
      this.end('defect');
    }
  }

  /** Takes what may be taken now, lets go what is due, and looks when to come again. */
  #work(): void {
    const nowMs = this.#nowMs();
    this.publisher.handleTime(nowMs);
    if (this.#rest !== null) {
      const taken = this.publisher.handleBytes(this.#rest, nowMs);
      this.#rest = taken === this.#rest.length ? null : this.#rest.subarray(taken);
      if (this.#rest !== null) this.#body.pause();
      else if (this.#body.isPaused()) this.#body.resume();
    }
    if (this.isFinishing) this.publisher.handleEnd(nowMs);
    const { refusal, isDone } = this.publisher;
    if (refusal !== null) this.end(refusal);
    else if (isDone) this.end(this.#bodyEnd ?? 'finished');
    else this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const waitMs = Math.max(0, Math.ceil(this.publisher.nextDeadlineMs() - this.#nowMs()));
    this.#timer = setTimeout(() => this.#run(), waitMs);
  }
}
