import { randomBytes } from 'node:crypto';
import { FaultCount } from '../../../core/framing/fault-count.ts';
import { type Hello, helloSentence, readHello } from '../../../core/framing/hello.ts';
import { unnamedChannel } from '../../../core/framing/listener-address.ts';
import {
  type ListenerRefusal,
  metaText,
  publisherText,
  refusalText,
  welcomeText,
} from '../../../core/framing/listener-messages.ts';
import { timestampUsOf } from '../../../core/framing/whotalkie-frame.ts';
import type { OutletEnd, Seat } from '../../../core/program/fan-out.ts';
import { MAX_FRAME_SAMPLES, type ProgramFrame } from '../../../core/program/program-frame.ts';
import { statusOf, type Visit, visitSentence } from '../../../core/program/programs.ts';
import { proofOfSecret, proofOfUpgrade } from '../front/credentials.ts';
import type { LineHandler, WebSocketLine } from '../front/web-socket-line.ts';
import type { GatewayParts, WebRequest } from '../gateway.ts';
import type { FramedProgram } from './framed-program.ts';
import { TalkLine } from './talk-line.ts';

/** Whoever has not said hello within this time is put out, in ms. */
export const HELLO_LIMIT_MS = 10_000;

/**
 * What a late joiner is sent at once, in samples: 120 ms. A player that waits for about 100 ms before it begins can
 * begin with them, and stands as far behind as if it had waited; more would be a delay that stays. It is also the
 * longest packet there is, so that there is always one.
 */
const OPENING_SAMPLES = MAX_FRAME_SAMPLES;

/** Frames older than this are not of now: a mix rests while nobody listens, in ms. */
const MAX_OPENING_AGE_MS = 1_000;

/** Session ids tell connections apart for people who look for trouble; they are no credentials. */
const SESSION_ID_BYTES = 12;

/** Private close codes (RFC 6455, section 7.4.2): 4000 and the HTTP status that says the same. */
const CLOSE_CODES = {
  bad: 4_400,
  notHere: 4_403,
  unknown: 4_404,
  nothingInCommon: 4_406,
  late: 4_408,
  over: 4_410,
};

export type ListenerCounter =
  | 'accepted'
  | 'cutTooSlow'
  | 'cutForFaults'
  | 'revoked'
  | 'textsIgnored'
  | 'framesUnasked'
  | ListenerRefusal;

/** What listeners share. */
export interface ListenerParts extends GatewayParts {
  readonly framed: (visit: Visit) => FramedProgram;
  readonly count: (counter: ListenerCounter) => void;
  readonly countTalk: ConstructorParameters<typeof TalkLine>[0]['count'];
}

/** One listener, from its connection on. */
export class Listener implements LineHandler {
  readonly #parts: ListenerParts;
  readonly #line: WebSocketLine;
  /** Only until it has said hello: a request and its headers are large beside the rest of a listener. */
  #web: WebRequest | null;
  readonly #named: string | null;
  readonly #openedAtMs: number;
  readonly #onDidSettle: () => void;
  readonly #faults = new FaultCount();
  #visit: Visit | null = null;
  #seat: Seat | null = null;
  #talk: TalkLine | null = null;
  #unwatch: () => void = () => undefined;
  #state: 'new' | 'accepted' | 'over' = 'new';

  /**
   * @param named the channel as it stood in the address; null: none did
   * @param onDidSettle it has said hello, or is gone; once
   */
  constructor(
    parts: ListenerParts,
    line: WebSocketLine,
    web: WebRequest,
    named: string | null,
    onDidSettle: () => void,
  ) {
    this.#parts = parts;
    this.#line = line;
    this.#web = web;
    this.#named = named;
    this.#onDidSettle = onDidSettle;
    this.#openedAtMs = parts.nowMs();
  }

  handleText(text: string): void {
    if (this.#state === 'accepted') {
      // Clients of other makes may say more than is understood here; only a flood of it is one.
      this.#parts.count('textsIgnored');
      this.#fault();
    }
    if (this.#state !== 'new') return;
    const read = readHello(text);
    if (read.ok) this.#greet(read.hello);
    else this.#refuse(read.reason, helloSentence(read.reason), CLOSE_CODES.bad);
  }

  handleBytes(bytes: Buffer): void {
    if (this.#state === 'new') {
      this.#refuse('helloNotText', helloSentence('helloNotText'), CLOSE_CODES.bad);
    } else if (this.#state === 'accepted') {
      if (this.#talk === null) this.#parts.count('framesUnasked');
      if (this.#talk === null || !this.#talk.handleBytes(bytes)) this.#fault();
    }
  }

  handleSweep(nowMs: number): void {
    if (this.#state !== 'new' || nowMs - this.#openedAtMs < HELLO_LIMIT_MS) return;
    this.#refuse('helloMissing', 'No "hello" came within ten seconds.', CLOSE_CODES.late);
  }

  handleClosed(): void {
    this.#end();
  }

  #greet(hello: Hello): void {
    const { programs, nowMs } = this.#parts;
    const web = this.#web;
    if (web === null) return;
    this.#web = null;
    const channel = this.#named ?? unnamedChannel(programs.all().map((entry) => entry.channel))?.slug ?? null;
    if (channel === null) {
      this.#refuse(
        'channelMissing',
        'Say which channel you mean: add "?channel=" and its name to the address.',
        CLOSE_CODES.unknown,
      );
      return;
    }
    if (hello.streamer) {
      this.#refuse(
        'publishedElsewhere',
        'Programs are published by PUT to /publish/<channel>, or as an Icecast source, not here.',
        CLOSE_CODES.notHere,
      );
      return;
    }
    const { delivery } = hello;
    if (delivery === null) {
      this.#refuse(
        'nothingInCommon',
        'This relay sends "opus-raw", "webcodecs" or "ogg-http", and your program takes none of them.',
        CLOSE_CODES.nothingInCommon,
      );
      return;
    }
    const { origin, url, request } = web;
    const answer = programs.admit(
      {
        channel,
        purpose: 'listen',
        proof: hello.secret === null ? proofOfUpgrade(url, request) : proofOfSecret(hello.secret),
        address: origin.address,
        private: origin.private,
        onDidRevoke: () => this.#close('revoked', 'This channel can no longer be heard with that.'),
      },
      nowMs(),
    );
    if (answer.ok) this.#accept(answer.visit, { ...hello, delivery });
    else
      this.#refuse(
        answer.reason,
        visitSentence(answer.reason),
        4_000 + statusOf(answer.reason),
        answer.retryAfterSeconds,
      );
  }

  #accept(
    visit: Visit,
    { delivery, ptt }: Hello & { readonly delivery: NonNullable<Hello['delivery']> },
  ): void {
    const { channel, program } = visit;
    this.#state = 'accepted';
    this.#visit = visit;
    this.#parts.count('accepted');
    this.#onDidSettle();
    const talk = channel.talk && channel.source === 'conversation';
    this.#line.sendText(
      welcomeText({
        channel: channel.slug,
        sessionId: randomBytes(SESSION_ID_BYTES).toString('base64url'),
        delivery,
        name: channel.name,
        talk,
        stream: `/stream/${encodeURIComponent(channel.slug)}.ogg`,
      }),
    );
    if (talk && ptt) this.#talk = this.#talkLine(channel.id);
    this.#watch(visit);
    if (delivery !== 'ogg-http') this.#listen(visit);
    else if (program.closed) this.#close('revoked', 'This channel is gone.');
  }

  #talkLine(channel: number): TalkLine {
    const { talk, nowMs, countTalk } = this.#parts;
    return new TalkLine({ channel, talk, line: this.#line, nowMs, count: countTalk });
  }

  #watch({ channel: { slug }, program }: Visit): void {
    const tellMeta = (): void => {
      if (program.broadcast === null) return;
      this.#line.sendText(metaText(slug, program.broadcast, program.tags, timestampUsOf(program.position)));
    };
    const tellPublisher = (action: 'start' | 'stop'): void =>
      this.#line.sendText(publisherText(slug, action));
    this.#unwatch = program.watch({
      handleBegin: () => {
        tellPublisher('start');
        tellMeta();
      },
      handleTags: tellMeta,
      handleEnd: () => tellPublisher('stop'),
      handleClosed: () => this.#close('revoked', 'This channel is gone.'),
    });
    if (program.broadcast === null) return;
    tellMeta();
    tellPublisher('start');
  }

  #listen(visit: Visit): void {
    const framed = this.#parts.framed(visit);
    const line = this.#line;
    const oldestMs = this.#parts.nowMs() - MAX_OPENING_AGE_MS;
    const opening = visit.program.recentFrames(OPENING_SAMPLES).filter(({ atMs }) => atMs >= oldestMs);
    const seat = visit.program.frames.join(
      {
        send: (frame: ProgramFrame) => line.sendFramed(framed.bytesOf(frame)),
        backlogBytes: () => line.backlogBytes,
        end: (reason) => this.#handleSeatEnd(reason),
      },
      opening,
    );
    // The seat may have been lost while the opening was sent.
    if (this.#state === 'over') seat.leave();
    else this.#seat = seat;
  }

  #handleSeatEnd(reason: OutletEnd): void {
    if (reason === 'closed') {
      this.#close('revoked', 'This channel is gone.');
      return;
    }
    // What waits would go out before any goodbye, and it does not go out.
    this.#parts.count('cutTooSlow');
    this.#end();
    this.#line.cut();
  }

  #fault(): void {
    if (this.#faults.add(this.#parts.nowMs())) return;
    this.#close(
      'cutForFaults',
      'Your program sends too much that this relay does not understand.',
      CLOSE_CODES.bad,
    );
  }

  #refuse(
    reason: ListenerRefusal,
    sentence: string,
    code: number,
    retryAfterSeconds: number | null = null,
  ): void {
    this.#line.sendText(refusalText(this.#named, reason, sentence, retryAfterSeconds));
    this.#close(reason, sentence, code);
  }

  #close(counter: ListenerCounter, sentence: string, code = CLOSE_CODES.over): void {
    if (this.#state === 'over') return;
    this.#parts.count(counter);
    this.#end();
    this.#line.close(code, sentence);
  }

  /** Lets go of everything, once. */
  #end(): void {
    if (this.#state === 'over') return;
    const settled = this.#state === 'accepted';
    this.#state = 'over';
    if (!settled) this.#onDidSettle();
    this.#unwatch();
    this.#talk?.end();
    this.#seat?.leave();
    this.#visit?.leave();
  }
}
