import { type IncomingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Readable } from 'node:stream';
import { createCounters } from '../../../core/base/counters.ts';
import { publisherSentence } from '../../../core/ogg/ogg-publisher.ts';
import { LISTENING_REALM } from '../../../core/program/listening.ts';
import {
  statusOf,
  VISIT_REFUSALS,
  type Visit,
  type VisitRefused,
  visitSentence,
} from '../../../core/program/programs.ts';
import { proofOfPublisher } from '../front/credentials.ts';
import type { Gateway, GatewayParts, Origin, RawRequest, WebRequest } from '../gateway.ts';
import { announcedBitrate, channelOfMount, mayBeOgg } from './publish-address.ts';
import { type Answer, type Answering, answeringHttp, answeringRaw } from './publish-answers.ts';
import { type PublisherEnd, PublisherLine } from './publisher-line.ts';
import { songOf } from './song.ts';

/** A connection that was told its last word is cut after so long, in ms: what it still sends is thrown away. */
const LINGER_MS = 2_000;

/** Most publishers that wait for the one before them to be heard to its end. */
const MAX_WAITING = 4;

/** Where source clients of Icecast ask what a server can do, and tell what is on now. */
const POKE_PATH = '/admin/!POKE';
const METADATA_PATH = '/admin/metadata';

const METHODS = 'GET, POST, PUT, SOURCE, OPTIONS';

/** Names in the manner of Icecast; its clients look for them. */
const METADATA_DONE =
  '<?xml version="1.0"?>\n<iceresponse><message>Metadata update successful</message><return>1</return></iceresponse>\n';

const ENDS = [
  'finished',
  'aborted',
  'revoked',
  'stopped',
  'defect',
  'headMalformed',
  'headVersionUnknown',
  'tooManyChannels',
  'noOpus',
  'commentsTooLong',
  'noOgg',
  'publisherSilent',
  'programOver',
] as const satisfies readonly PublisherEnd[];

/** requests = published + wrongType + the refusals of visits; published = publishing + publisherLate + the ends. */
const COUNTED = [
  'requests',
  'wrongType',
  'published',
  'publisherLate',
  'songs',
  'songsRefused',
  ...VISIT_REFUSALS,
  ...ENDS,
] as const;

/** One who wants to publish, whichever way the request came. */
interface Applicant {
  readonly origin: Origin;
  readonly url: URL;
  readonly channel: string;
  readonly header: (name: string) => string | null;
  /** A source client of Icecast, and not HTTP in general. */
  readonly isSource: boolean;
  readonly body: Readable;
  readonly answering: Answering;
}

/** One who publishes, and those who come after. */
interface Publishing {
  readonly visit: Visit;
  readonly waiting: Applicant[];
}

/**
 * Takes what publishers send: `PUT` and `POST` to `/publish/<channel>`, and the source clients of Icecast (`PUT`,
 * `SOURCE`, `/admin/metadata`) to any mount point that names a channel.
 */
class PublishGateway implements Gateway {
  readonly name = 'publish';
  readonly #parts: GatewayParts;
  readonly #counters = createCounters(COUNTED);
  readonly #lines = new Map<PublisherLine, Publishing>();
  /** What publishers that are gone brought, by what became of it. */
  readonly #streams: Record<string, number> = {};

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  handleRequest({ origin, request, url }: WebRequest, response: ServerResponse): boolean {
    const { method, headers } = request;
    if (url.pathname === POKE_PATH) {
      response.writeHead(200, { Allow: METHODS, 'Content-Length': 0 });
      response.end();
      return true;
    }
    if (url.pathname === METADATA_PATH && (method === 'GET' || method === 'POST')) {
      this.#setSong({ origin, request, url }, response);
      return true;
    }
    if (method === 'OPTIONS' && url.pathname === '/*') {
      response.writeHead(200, { Allow: METHODS, 'Content-Length': 0 });
      response.end();
      return true;
    }
    const isPost = method === 'POST' && url.pathname.startsWith('/publish/');
    if (method !== 'PUT' && !isPost) return false;
    const channel = channelOfMount(url.pathname);
    if (channel === null) return false;
    const header = (name: string): string | null => headers[name]?.toString() ?? null;
    const answering = answeringHttp(response, header('expect')?.toLowerCase() === '100-continue');
    const isSource = Object.keys(headers).some((name) => name.startsWith('ice-'));
    this.#admit({ origin, url, channel, header, isSource, body: request, answering });
    return true;
  }

  handleRaw({ origin, url, headers, socket }: RawRequest): boolean {
    const channel = channelOfMount(url.pathname);
    if (channel === null) return false;
    const header = (name: string): string | null => headers.get(name) ?? null;
    const answering = answeringRaw(socket, header('expect')?.toLowerCase() === '100-continue');
    this.#admit({ origin, url, channel, header, isSource: true, body: socket, answering });
    return true;
  }

  counters(): Readonly<Record<string, number>> {
    const streams = { ...this.#streams };
    for (const line of this.#lines.keys()) addStream(streams, line);
    return { ...this.#counters, publishing: this.#lines.size, ...streams };
  }

  async close(): Promise<void> {
    for (const line of [...this.#lines.keys()]) line.end('stopped');
  }

  #admit(applicant: Applicant): void {
    const { origin, url, channel, header, isSource, answering } = applicant;
    if (!mayBeOgg(header('content-type'))) {
      this.#counters.requests += 1;
      this.#counters.wrongType += 1;
      this.#dismiss(applicant, refusal(415, publisherSentence('noOgg')));
      return;
    }
    const before = this.#finishing(channel);
    if (before !== null) {
      // Whoever begins anew right after its end is heard behind it, and not sent away for its own last second.
      const { waiting } = before;
      if (waiting.length < MAX_WAITING) waiting.push(applicant);
      else {
        this.#counters.requests += 1;
        this.#counters.publisherBusy += 1;
        this.#dismiss(applicant, refusal(503, visitSentence('publisherBusy')));
      }
      return;
    }
    this.#counters.requests += 1;
    let line: PublisherLine | null = null;
    const answer = this.#parts.programs.admit(
      {
        channel,
        purpose: 'publish',
        proof: proofOfPublisher(url, { headers: shownBy(header) }),
        address: origin.address,
        private: origin.private,
        onDidRevoke: () => line?.end('revoked'),
      },
      this.#parts.nowMs(),
    );
    if (!answer.ok) {
      this.#counters[answer.reason] += 1;
      this.#dismiss(applicant, visitAnswer(answer, isSource));
      return;
    }
    this.#counters.published += 1;
    answering.goAhead();
    line = this.#publish(applicant, answer.visit);
  }

  #publish(applicant: Applicant, visit: Visit): PublisherLine {
    const { header, body } = applicant;
    const bitrate = announcedBitrate(
      header('ice-bitrate') ?? header('x-audiocast-bitrate'),
      header('ice-audio-info'),
    );
    const publishing: Publishing = { visit, waiting: [] };
    const line: PublisherLine = new PublisherLine({
      program: visit.program,
      names: { source: stationName(header('ice-name')), bitrate },
      body,
      nowMs: this.#parts.nowMs,
      onDidEnd: (end) => {
        this.#lines.delete(line);
        addStream(this.#streams, line);
        this.#counters[end === 'publisherBusy' ? 'publisherLate' : end] += 1;
        visit.leave();
        this.#dismiss(applicant, endAnswer(end));
        for (const next of publishing.waiting) if (!next.body.destroyed) this.#admit(next);
      },
    });
    this.#lines.set(line, publishing);
    return line;
  }

  #lineOf(channel: number): PublisherLine | undefined {
    return [...this.#lines].find(([, { visit }]) => visit.channel.id === channel)?.[0];
  }

  /** The publisher of a channel that has sent all it has to. */
  #finishing(channel: string): Publishing | null {
    const id = this.#parts.programs.find(channel)?.channel.id;
    for (const [line, publishing] of this.#lines)
      if (publishing.visit.channel.id === id && line.isFinishing) return publishing;
    return null;
  }

  /** Says the last word, and lets go of the connection. */
  #dismiss({ body, answering }: Applicant, answer: Answer): void {
    answering.finish(answer);
    body.resume();
    const limit = setTimeout(() => body.destroy(), LINGER_MS);
    body.once('close', () => clearTimeout(limit));
    body.on('error', () => undefined);
  }

  /** `GET /admin/metadata?mode=updinfo&mount=/music&song=…`: what is on now, said beside the stream. */
  #setSong({ origin, request, url }: WebRequest, response: ServerResponse): void {
    const answering = answeringHttp(response, false);
    request.resume();
    const channel = channelOfMount(url.searchParams.get('mount') ?? '');
    const proven = this.#parts.programs.provePublisher(
      {
        channel: channel ?? '',
        proof: proofOfPublisher(url, request),
        address: origin.address,
        private: origin.private,
      },
      this.#parts.nowMs(),
    );
    if (!proven.ok) {
      this.#counters.songsRefused += 1;
      answering.finish(visitAnswer(proven, true));
      return;
    }
    const song = url.searchParams.get('mode') === 'updinfo' ? songOf(url.search) : null;
    const line = this.#lineOf(proven.channel.id);
    if (song === null || line === undefined) {
      this.#counters.songsRefused += 1;
      const sentence =
        song === null ? 'That names no song.' : 'Nobody publishes to this channel through this address.';
      answering.finish(refusal(song === null ? 400 : 404, sentence));
      return;
    }
    this.#counters.songs += 1;
    line.publisher.handleSong(song);
    response.writeHead(200, {
      'Content-Type': 'text/xml',
      'Content-Length': Buffer.byteLength(METADATA_DONE),
    });
    response.end(METADATA_DONE);
  }
}

export function createPublishGateway(parts: GatewayParts): Gateway {
  return new PublishGateway(parts);
}

/** Headers that show who it is, and for whom a browser asks. */
function shownBy(header: Applicant['header']): IncomingHttpHeaders {
  const names = ['authorization', 'host', 'origin', 'sec-fetch-site'];
  return Object.fromEntries(names.map((name) => [name, header(name) ?? undefined]));
}

/** What libshout calls a station that was given no name. */
const NAMELESS = 'no name';

/** The name of a station, where it has one. */
function stationName(value: string | null): string {
  const name = latin1Or8(value).trim();
  return name === NAMELESS ? '' : name;
}

/** Header values are bytes; source clients mean UTF-8, older ones Latin-1. */
function latin1Or8(value: string | null): string {
  const bytes = Buffer.from(value ?? '', 'latin1');
  const text = bytes.toString('utf8');
  return text.includes('\u{fffd}') ? bytes.toString('latin1') : text;
}

function refusal(status: number, sentence: string): Answer {
  return { status, reason: STATUS_CODES[status] ?? '', sentence };
}

/** Icecast says 403 where somebody else publishes already, and its clients know what that means by the words. */
function visitAnswer({ reason, retryAfterSeconds }: VisitRefused, isSource: boolean): Answer {
  const sentence = visitSentence(reason);
  if (reason === 'publisherBusy' && isSource) return { status: 403, reason: 'Mountpoint in use', sentence };
  const status = statusOf(reason);
  return {
    ...refusal(status, sentence),
    headers: {
      ...(status === 401 && { 'WWW-Authenticate': `Basic realm="${LISTENING_REALM}", charset="UTF-8"` }),
      ...(retryAfterSeconds !== null && { 'Retry-After': String(retryAfterSeconds) }),
    },
  };
}

function endAnswer(end: PublisherEnd): Answer {
  switch (end) {
    case 'finished':
    case 'aborted':
      return refusal(200, 'Everything was heard.');
    case 'revoked':
      return refusal(403, 'This channel takes this publisher no longer.');
    case 'stopped':
      return refusal(503, 'This relay is being stopped.');
    case 'defect':
      return refusal(500, 'This relay made a mistake with this stream.');
    case 'publisherBusy':
      return refusal(409, publisherSentence(end));
    case 'publisherSilent':
      return refusal(408, publisherSentence(end));
    case 'programOver':
      return refusal(403, publisherSentence(end));
    default:
      return refusal(415, publisherSentence(end));
  }
}

/** Adds what became of a publisher's bytes, pages and packets. */
function addStream(sums: Record<string, number>, { publisher }: PublisherLine): void {
  for (const [name, count] of Object.entries(publisher.counters)) {
    const key = `stream.${name}`;
    sums[key] = (sums[key] ?? 0) + count;
  }
}
