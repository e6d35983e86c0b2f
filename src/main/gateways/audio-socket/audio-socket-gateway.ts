import type { Duplex } from 'node:stream';
import { type Counters, createCounters } from '../../../core/base/counters.ts';
import {
  AUDIO_PACKET_HEADER_BYTES,
  NOT_STREAMING_TEXT,
  writeAudioPacket,
} from '../../../core/framing/audio-packet.ts';
import { unnamedChannel } from '../../../core/framing/listener-address.ts';
import { serverFrameHeadBytes, writeServerFrameHead } from '../../../core/framing/server-frame.ts';
import type { Seat } from '../../../core/program/fan-out.ts';
import { LISTENING_REALM } from '../../../core/program/listening.ts';
import { MAX_FRAME_SAMPLES, type ProgramFrame } from '../../../core/program/program-frame.ts';
import { statusOf, VISIT_REFUSALS, type Visit, visitSentence } from '../../../core/program/programs.ts';
import { proofOfUpgrade } from '../front/credentials.ts';
import { refuse } from '../front/web-front.ts';
import { type LineHandler, type WebSocketLine, WebSocketLines } from '../front/web-socket-line.ts';
import type { Gateway, GatewayParts, WebRequest } from '../gateway.ts';

const PATH = '/api/ws/audio';

/** What clients say here is passed over; nobody has more to say than this, in bytes. */
const MAX_MESSAGE_BYTES = 4_096;

/** What a late joiner is sent at once, in samples: the longest packet there is, so that there is always one. */
const OPENING_SAMPLES = MAX_FRAME_SAMPLES;

/** Frames older than this are not of now: a mix rests while nobody listens, in ms. */
const MAX_OPENING_AGE_MS = 1_000;

const COUNTED = [
  'connections',
  'accepted',
  'notStreaming',
  'cutTooSlow',
  'revoked',
  'programEnded',
  'messagesIgnored',
  ...VISIT_REFUSALS,
] as const;
type Counter = (typeof COUNTED)[number];

const STATUS_TEXTS = {
  401: '401 Unauthorized',
  403: '403 Forbidden',
  404: '404 Not Found',
  409: '409 Conflict',
  429: '429 Too Many Requests',
  503: '503 Service Unavailable',
} as const;

/** A frame as it goes over the wire to a listener whose stream started at that place. */
function framed(frame: ProgramFrame, startPosition: number): Buffer {
  const bodyBytes = AUDIO_PACKET_HEADER_BYTES + frame.payload.length;
  const headBytes = serverFrameHeadBytes(bodyBytes);
  const bytes = Buffer.allocUnsafe(headBytes + bodyBytes);
  writeServerFrameHead(bytes, bodyBytes);
  writeAudioPacket(bytes, headBytes, frame, startPosition);
  return bytes;
}

/** One listener: gets packets as long as the program goes on, and says nothing itself. */
class AudioListener implements LineHandler {
  readonly #line: WebSocketLine;
  readonly #visit: Visit;
  readonly #count: (counter: Counter) => void;
  /** Place of the first frame it was sent; null: none yet. */
  #startPosition: number | null = null;
  #seat: Seat | null = null;
  #unwatch: () => void = () => undefined;
  #over = false;

  constructor(line: WebSocketLine, visit: Visit, count: (counter: Counter) => void, nowMs: number) {
    this.#line = line;
    this.#visit = visit;
    this.#count = count;
    if (visit.program.broadcast === null) {
      line.sendText(NOT_STREAMING_TEXT);
      this.close('notStreaming');
    } else {
      count('accepted');
      this.#listen(nowMs);
    }
  }

  handleText(): void {
    this.#count('messagesIgnored');
  }

  handleBytes(): void {
    this.#count('messagesIgnored');
  }

  handleClosed(): void {
    this.#end();
  }

  /** Ends it with a goodbye that gives no reason, as others do. */
  close(counter: Counter): void {
    if (this.#over) return;
    this.#count(counter);
    this.#end();
    this.#line.close();
  }

  #listen(nowMs: number): void {
    const { program } = this.#visit;
    this.#unwatch = program.watch({
      handleEnd: () => this.close('programEnded'),
      handleClosed: () => this.close('revoked'),
    });
    const opening = program
      .recentFrames(OPENING_SAMPLES)
      .filter(({ atMs }) => atMs >= nowMs - MAX_OPENING_AGE_MS);
    const seat = program.frames.join(
      {
        send: (frame) => this.#send(frame),
        backlogBytes: () => this.#line.backlogBytes,
        end: (reason) => {
          if (reason === 'closed') this.close('revoked');
          else this.#cut();
        },
      },
      opening,
    );
    // The place may have been lost while the opening was sent.
    if (this.#over) seat.leave();
    else this.#seat = seat;
  }

  /** Time counts from each listener's own start, so that the bytes are its own too. */
  #send(frame: ProgramFrame): void {
    this.#startPosition ??= frame.position;
    this.#line.sendFramed(framed(frame, this.#startPosition));
  }

  #cut(): void {
    this.#count('cutTooSlow');
    this.#end();
    this.#line.cut();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#unwatch();
    this.#seat?.leave();
    this.#visit.leave();
  }
}

/** Opus packets over a WebSocket, each behind 15 bytes that tell its time: `/api/ws/audio`. Asks for no hello. */
export class AudioSocketGateway implements Gateway {
  readonly name = 'audio_socket';
  readonly #parts: GatewayParts;
  readonly #lines: WebSocketLines;
  readonly #counters: Counters<Counter> = createCounters(COUNTED);

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    this.#lines = new WebSocketLines(MAX_MESSAGE_BYTES, parts.nowMs);
  }

  handleUpgrade(web: WebRequest, socket: Duplex, head: Buffer): boolean {
    if (web.url.pathname !== PATH) return false;
    this.#counters.connections += 1;
    const { programs, nowMs } = this.#parts;
    const { url, origin, request } = web;
    const channels = programs.all().map(({ channel }) => channel);
    let listener: AudioListener | null = null;
    let revoked = false;
    const answer = programs.admit(
      {
        channel: url.searchParams.get('channel') ?? unnamedChannel(channels)?.slug ?? '',
        purpose: 'listen',
        proof: proofOfUpgrade(url, request),
        address: origin.address,
        private: origin.private,
        onDidRevoke: () => {
          revoked = true;
          listener?.close('revoked');
        },
      },
      nowMs(),
    );
    if (!answer.ok) {
      this.#counters[answer.reason] += 1;
      const status = statusOf(answer.reason);
      const headers = status === 401 ? [`WWW-Authenticate: Basic realm="${LISTENING_REALM}"`] : [];
      if (answer.retryAfterSeconds !== null) headers.push(`Retry-After: ${answer.retryAfterSeconds}`);
      refuse(socket, STATUS_TEXTS[status], visitSentence(answer.reason), headers);
      return true;
    }
    const count = (counter: Counter): void => {
      this.#counters[counter] += 1;
    };
    this.#lines.accept(
      request,
      socket,
      head,
      (line) => {
        listener = new AudioListener(line, answer.visit, count, nowMs());
        if (revoked) listener.close('revoked');
        return listener;
      },
      () => answer.visit.leave(),
    );
    return true;
  }

  counters(): Readonly<Record<string, number>> {
    return { ...this.#counters, open: this.#lines.size, defects: this.#lines.defects };
  }

  close(): Promise<void> {
    return this.#lines.close();
  }
}
