import { randomInt } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createCounters } from '../../../core/base/counters.ts';
import { ProgramOgg } from '../../../core/ogg/program-ogg.ts';
import type { Program } from '../../../core/program/program.ts';
import { VISIT_REFUSALS, type Visit } from '../../../core/program/programs.ts';
import { proofOf } from '../front/credentials.ts';
import type { Gateway, GatewayParts, WebRequest } from '../gateway.ts';
import { type ListenerEnd, OggListener, RETRY_AFTER_SECONDS } from './ogg-listener.ts';
import { playlistOf, readStreamAddress, type StreamAddress } from './stream-address.ts';
import {
  answerPreflight,
  answerRefusal,
  answerSentence,
  PLAYLIST_HEADERS,
  STREAM_HEADERS,
} from './stream-answers.ts';

/** How often listeners' limits are looked at, in ms: half of what a frame may wait for its page. */
const TICK_MS = 100;

const SERIALS = 2 ** 32;

const ENDS = [
  'nothingOn',
  'silent',
  'tooSlow',
  'closed',
  'revoked',
  'defect',
  'away',
] as const satisfies readonly ListenerEnd[];

/** requests = preflights + heads + playlists + listens + pipelined + the refusals; listens = listening + the ends. */
const COUNTED = [
  'requests',
  'preflights',
  'heads',
  'playlists',
  'listens',
  'pipelined',
  ...VISIT_REFUSALS,
  ...ENDS,
] as const;

/** A program that somebody listens to as Ogg. */
interface Station {
  readonly ogg: ProgramOgg;
  readonly listeners: Set<OggListener>;
}

/** Ogg over HTTP: `GET /stream/<channel>.ogg`, and lists for players. */
class OggGateway implements Gateway {
  readonly name = 'ogg';
  readonly #parts: GatewayParts;
  readonly #counters = createCounters(COUNTED);
  readonly #stations = new Map<Program, Station>();
  #ticker: NodeJS.Timeout | null = null;
  #lastSerial = randomInt(SERIALS);

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  handleRequest(web: WebRequest, response: ServerResponse): boolean {
    const { request, url } = web;
    const address = readStreamAddress(url.pathname);
    if (address === null) return false;
    switch (request.method) {
      case 'OPTIONS':
        this.#counters.requests += 1;
        this.#counters.preflights += 1;
        answerPreflight(response);
        return true;
      case 'GET':
      case 'HEAD':
        this.#counters.requests += 1;
        this.#admit(web, response, address);
        return true;
      default:
        return false;
    }
  }

  counters(): Readonly<Record<string, number>> {
    let listening = 0;
    for (const { listeners } of this.#stations.values()) listening += listeners.size;
    return { ...this.#counters, listening };
  }

  async close(): Promise<void> {
    for (const { listeners } of [...this.#stations.values()]) {
      for (const listener of [...listeners]) listener.close();
    }
  }

  #admit(web: WebRequest, response: ServerResponse, address: StreamAddress): void {
    const { origin, request, url } = web;
    let listener: OggListener | null = null;
    const answer = this.#parts.programs.admit(
      {
        channel: address.channel,
        purpose: 'listen',
        proof: proofOf(url, request),
        address: origin.address,
        private: origin.private,
        onDidRevoke: () => listener?.revoke(),
      },
      this.#parts.nowMs(),
    );
    if (!answer.ok) {
      this.#counters[answer.reason] += 1;
      answerRefusal(response, answer.reason, answer.retryAfterSeconds);
      return;
    }
    const { visit } = answer;
    if (address.form === 'stream' && request.method === 'GET') {
      listener = this.#listen(visit, request, response);
      return;
    }
    visit.leave();
    if (address.form === 'playlist') this.#answerPlaylist(visit, web, response);
    else this.#answerHead(visit, response);
  }

  #answerPlaylist({ channel }: Visit, { origin, request, url }: WebRequest, response: ServerResponse): void {
    this.#counters.playlists += 1;
    const body = playlistOf({
      channel,
      secure: origin.secure,
      host: request.headers.host ?? null,
      key: url.searchParams.get('key'),
    });
    response.writeHead(200, { ...PLAYLIST_HEADERS, 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  }

  /** Nobody waits for a head: it tells what a GET would find now. A mix begins when it is listened to. */
  #answerHead({ channel, program }: Visit, response: ServerResponse): void {
    this.#counters.heads += 1;
    const isOn = program.broadcast !== null || channel.source === 'conversation';
    response.writeHead(isOn ? 200 : 503, {
      ...STREAM_HEADERS,
      ...(!isOn && { 'Retry-After': RETRY_AFTER_SECONDS }),
    });
    response.end();
  }

  #listen(visit: Visit, request: IncomingMessage, response: ServerResponse): OggListener | null {
    const { socket } = response;
    // Behind another answer on the same connection: that one does not end.
    if (socket === null || socket !== request.socket) {
      this.#counters.pipelined += 1;
      visit.leave();
      answerSentence(response, 503, 'Ask for a stream on a connection of its own.', { Connection: 'close' });
      return null;
    }
    this.#counters.listens += 1;
    const { program } = visit;
    const nowMs = this.#parts.nowMs();
    const station = this.#stationOf(program, nowMs);
    const listener = new OggListener({
      response,
      socket,
      ogg: station.ogg,
      nowMs,
      onDidEnd: (end) => {
        this.#counters[end] += 1;
        visit.leave();
        station.listeners.delete(listener);
        if (station.listeners.size === 0) this.#closeStation(program, station);
      },
    });
    station.listeners.add(listener);
    listener.join(program, nowMs);
    return listener;
  }

  #stationOf(program: Program, nowMs: number): Station {
    const known = this.#stations.get(program);
    if (known !== undefined) return known;
    const nextSerial = (): number => {
      this.#lastSerial = (this.#lastSerial + 1) % SERIALS;
      return this.#lastSerial;
    };
    const station: Station = { ogg: new ProgramOgg({ program, nextSerial, nowMs }), listeners: new Set() };
    this.#stations.set(program, station);
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MS);
    return station;
  }

  #closeStation(program: Program, station: Station): void {
    station.ogg.close();
    this.#stations.delete(program);
    if (this.#stations.size > 0 || this.#ticker === null) return;
    clearInterval(this.#ticker);
    this.#ticker = null;
  }

  #tick(): void {
    const nowMs = this.#parts.nowMs();
    for (const { ogg, listeners } of this.#stations.values()) {
      ogg.handleTimeout(nowMs);
      for (const listener of listeners) listener.handleTimeout(nowMs);
    }
  }
}

export function createOggGateway(parts: GatewayParts): Gateway {
  return new OggGateway(parts);
}
