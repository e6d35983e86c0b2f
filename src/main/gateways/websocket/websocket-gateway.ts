import type { Duplex } from 'node:stream';
import { type Counters, createCounters } from '../../../core/base/counters.ts';
import { MAX_HELLO_BYTES } from '../../../core/framing/hello.ts';
import { TALK_FAULTS } from '../../../core/framing/talker.ts';
import type { Program } from '../../../core/program/program.ts';
import { VISIT_REFUSALS } from '../../../core/program/programs.ts';
import { refuse } from '../front/web-front.ts';
import { WebSocketLines } from '../front/web-socket-line.ts';
import type { Gateway, GatewayParts, WebRequest } from '../gateway.ts';
import { FramedProgram } from './framed-program.ts';
import { Listener, type ListenerParts } from './listener.ts';

const PATH = /^\/ws(?:\/([^/]+))?\/?$/;

/** Connections that have not said hello yet; the door bounds those of one address. */
const MAX_STRANGERS = 2_000;

const COUNTED = [
  'connections',
  'accepted',
  'tooManyStrangers',
  'cutTooSlow',
  'cutForFaults',
  'revoked',
  'textsIgnored',
  'framesUnasked',
  'framesSpoken',
  'framesUnheard',
  'helloMissing',
  'helloTooLong',
  'helloNotText',
  'helloNotJson',
  'helloMalformed',
  'channelMissing',
  'nothingInCommon',
  'publishedElsewhere',
  ...VISIT_REFUSALS,
  ...TALK_FAULTS,
] as const;

/**
 * Frames over a WebSocket, in WhoTalkie's framing: `/ws`, and `/ws/<channel>`.
 *
 * Any page may connect, wherever it comes from: nothing here goes by cookies, nor by a password that a browser remembers,
 * so a foreign page gets no more than anybody could get who knows the address.
 */
export class WebSocketGateway implements Gateway {
  readonly name = 'websocket';
  readonly #parts: ListenerParts;
  readonly #lines: WebSocketLines;
  readonly #counters: Counters<(typeof COUNTED)[number]> = createCounters(COUNTED);
  readonly #framed = new WeakMap<Program, FramedProgram>();
  #strangers = 0;

  constructor(parts: GatewayParts) {
    this.#lines = new WebSocketLines(MAX_HELLO_BYTES, parts.nowMs);
    const count = (counter: (typeof COUNTED)[number]): void => {
      this.#counters[counter] += 1;
    };
    this.#parts = {
      ...parts,
      framed: ({ program }) => this.#framedProgram(program),
      count,
      countTalk: count,
    };
  }

  handleUpgrade(web: WebRequest, socket: Duplex, head: Buffer): boolean {
    const match = PATH.exec(web.url.pathname);
    if (match === null) return false;
    const named = web.url.searchParams.get('channel') ?? decoded(match[1]);
    if (this.#strangers >= MAX_STRANGERS) {
      this.#counters.tooManyStrangers += 1;
      refuse(
        socket,
        '503 Service Unavailable',
        'This relay is busy with others who connect. Try again soon.',
      );
      return true;
    }
    this.#counters.connections += 1;
    this.#strangers += 1;
    const forget = once(() => {
      this.#strangers -= 1;
    });
    this.#lines.accept(
      web.request,
      socket,
      head,
      (line) => new Listener(this.#parts, line, web, named, forget),
      forget,
    );
    return true;
  }

  counters(): Readonly<Record<string, number>> {
    return { ...this.#counters, open: this.#lines.size, defects: this.#lines.defects };
  }

  close(): Promise<void> {
    return this.#lines.close();
  }

  #framedProgram(program: Program): FramedProgram {
    let framed = this.#framed.get(program);
    if (framed === undefined) {
      framed = new FramedProgram();
      this.#framed.set(program, framed);
    }
    return framed;
  }
}

/** Part of a path as it is meant; null: there is none. What cannot be decoded is meant as it stands. */
function decoded(part: string | undefined): string | null {
  if (part === undefined) return null;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}
