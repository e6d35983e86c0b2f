import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Counters, createCounters } from '../../../core/base/counters.ts';
import { GuessLimit } from '../../../core/relay/guess-limit.ts';
import { networkOf } from '../../../core/relay/network-of.ts';
import { type ExchangeSide, SignallingExchange } from '../../../core/signalling/exchange.ts';
import { KEY_HEADER, KEY_PARAMETER } from '../../../core/signalling/uplink-address.ts';
import { refuse } from '../front/web-front.ts';
import { WebSocketLines } from '../front/web-socket-line.ts';
import type { Gateway, GatewayParts, WebRequest } from '../gateway.ts';
import type { GatewaysWorkerData, SignallingRobot } from '../gateways-protocol.ts';
import { ViewPage } from './view-page.ts';

const PATH = '/webrtc-relay';

/** Longest message, in bytes: what the schema admits, all of it outside ASCII. */
const MAX_MESSAGE_BYTES = 196_608;

/** Longest key that is looked at, in characters. */
const MAX_KEY_LENGTH = 512;

const BEARER = /^bearer +([\x21-\x7e]+) *$/i;

const COUNTED = [
  'accepted',
  'badRequest',
  'proofMissing',
  'proofWrong',
  'proofInTheClear',
  'tooManyTries',
  'notUpgraded',
  'binaryIgnored',
] as const;
type SignallingCounter = (typeof COUNTED)[number];

/** What somebody who connects says of themselves. */
interface Caller {
  readonly side: ExchangeSide;
  readonly robotId: string;
  /** Empty: none was shown. */
  readonly key: string;
}

interface Refusal {
  readonly reason: SignallingCounter;
  readonly status: string;
  readonly sentence: string;
  readonly headers?: readonly string[];
}

/**
 * The relay's side of signalling, `/webrtc-relay`: rooms that others cannot reach connect here as `type=robot`, and
 * dashboards as `type=dashboard`; what they say to each other is handed on. Sound does not come this way.
 */
export class SignallingGateway implements Gateway {
  readonly name = 'signalling';
  readonly #nowMs: () => number;
  readonly #robots: ReadonlyMap<string, SignallingRobot>;
  readonly #secretsInTheClear: boolean;
  readonly #exchange = new SignallingExchange();
  readonly #guesses = new GuessLimit();
  readonly #lines: WebSocketLines;
  readonly #view: ViewPage;
  readonly #counters: Counters<SignallingCounter> = createCounters(COUNTED);

  constructor(
    { nowMs }: GatewayParts,
    {
      robots,
      secretsInTheClear,
      rendererPath,
    }: Pick<GatewaysWorkerData, 'robots' | 'secretsInTheClear' | 'rendererPath'>,
  ) {
    this.#nowMs = nowMs;
    this.#robots = new Map(robots.map((robot) => [robot.robotId, robot]));
    this.#secretsInTheClear = secretsInTheClear;
    this.#view = new ViewPage(rendererPath);
    this.#lines = new WebSocketLines(MAX_MESSAGE_BYTES, nowMs);
  }

  handleRequest(web: WebRequest, response: ServerResponse): boolean {
    if (web.url.pathname !== PATH) return this.#view.handleRequest(web, response);
    this.#counters.notUpgraded += 1;
    const headers = {
      'Content-Type': 'text/plain; charset=utf-8',
      Upgrade: 'websocket',
      Connection: 'close',
    };
    response.writeHead(426, headers).end('Rooms and dashboards connect here by WebSocket.\n');
    return true;
  }

  handleUpgrade(web: WebRequest, socket: Duplex, head: Buffer): boolean {
    if (web.url.pathname !== PATH) return false;
    const caller = callerOf(web.url, web.request);
    const refusal = caller === null ? BAD_REQUEST : this.#refusalOf(caller, web);
    if (refusal !== null || caller === null) {
      const { reason, status, sentence, headers } = refusal ?? BAD_REQUEST;
      this.#counters[reason] += 1;
      refuse(socket, status, sentence, headers);
      return true;
    }
    this.#lines.accept(web.request, socket, head, (line) => {
      this.#counters.accepted += 1;
      const place = this.#exchange.join(
        caller.robotId,
        caller.side,
        { send: (text) => line.sendText(text), close: (code, reason) => line.close(code, reason) },
        this.#nowMs(),
      );
      return {
        handleText: (text) => place.handleText(text, this.#nowMs()),
        handleBytes: () => {
          this.#counters.binaryIgnored += 1;
        },
        handleClosed: () => place.handleGone(),
      };
    });
    return true;
  }

  counters(): Readonly<Record<string, number>> {
    return { ...this.#exchange.counters, ...this.#counters, defects: this.#lines.defects };
  }

  close(): Promise<void> {
    return this.#lines.close();
  }

  /** @returns null: it may come in */
  #refusalOf({ side, robotId, key }: Caller, { origin }: WebRequest): Refusal | null {
    const robot = this.#robots.get(robotId);
    const network = [`network ${networkOf(origin.address)}`];
    const waitSeconds = this.#guesses.begin(network, this.#nowMs());
    if (waitSeconds > 0) return { ...TOO_MANY_TRIES, headers: [`Retry-After: ${waitSeconds}`] };
    if (side === 'robot' && !origin.private && !this.#secretsInTheClear) {
      this.#guesses.takeBack(network);
      return IN_THE_CLEAR;
    }
    // An unknown name is compared too, with what nobody has, so that it takes as long as a wrong key.
    const expected = side === 'robot' ? robot?.apiKeySha256 : robot?.viewerKeySha256;
    const fits = expected === null ? robot !== undefined : fitsKey(key, expected ?? '');
    if (fits) {
      this.#guesses.takeBack(network);
      return null;
    }
    if (key !== '') return WRONG;
    // Who shows nothing guesses no key, but may guess names.
    if (robot !== undefined) this.#guesses.takeBack(network);
    return MISSING;
  }
}

const BAD_REQUEST: Refusal = {
  reason: 'badRequest',
  status: '400 Bad Request',
  sentence: 'Say who you are: type=robot or type=dashboard, and robot_id.',
};
const TOO_MANY_TRIES: Refusal = {
  reason: 'tooManyTries',
  status: '429 Too Many Requests',
  sentence: 'There were too many wrong keys from your address. Wait a little.',
};
const IN_THE_CLEAR: Refusal = {
  reason: 'proofInTheClear',
  status: '403 Forbidden',
  sentence: 'A key is taken over an encrypted connection only: use wss.',
};
const WRONG: Refusal = {
  reason: 'proofWrong',
  status: '401 Unauthorized',
  sentence: 'That is not the key of this room, or there is no such room.',
};
const MISSING: Refusal = {
  reason: 'proofMissing',
  status: '401 Unauthorized',
  sentence: 'This room asks for a key, or there is no such room.',
};

/** @returns null: it does not say who it is */
function callerOf({ searchParams }: URL, { headers }: IncomingMessage): Caller | null {
  const type = searchParams.get('type');
  const robotId = searchParams.get('robot_id') ?? '';
  if ((type !== 'robot' && type !== 'dashboard') || robotId === '') return null;
  const [header = ''] = [headers[KEY_HEADER] ?? []].flat();
  const inHeader = BEARER.exec(headers.authorization ?? '')?.[1] ?? header;
  const inAddress = searchParams.get(type === 'robot' ? KEY_PARAMETER : 'viewer_key') ?? '';
  const key = inHeader === '' ? inAddress : inHeader;
  return key.length > MAX_KEY_LENGTH ? null : { side: type, robotId, key };
}

/** Compares hashes of the same length, whatever was given: it takes the same time. */
function fitsKey(key: string, expectedSha256: string): boolean {
  const given = createHash('sha256').update(key).digest('hex');
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expectedSha256.toLowerCase()));
}
