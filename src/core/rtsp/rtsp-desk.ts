import { tagOf } from '../program/broadcast.ts';
import { MAX_FRAME_SAMPLES, PROGRAM_RATE_HZ } from '../program/program-frame.ts';
import type { Visit } from '../program/programs.ts';
import { AudioTrack } from './audio-track.ts';
import type { DatagramOwner } from './datagram-routes.ts';
import { MAX_OPENING_DATAGRAM_BYTES, MAX_OPENING_PICTURE_BYTES, openingOf } from './opening.ts';
import { type RtspAddress, readRtspAddress } from './rtsp-address.ts';
import { METHODS, type RtspAnswer, type RtspMethod, type RtspStatus } from './rtsp-answer.ts';
import { RtspEntrance } from './rtsp-entrance.ts';
import type { RtspOut } from './rtsp-out.ts';
import type { RtspOrigin, RtspParts } from './rtsp-parts.ts';
import type { RtspHead } from './rtsp-request.ts';
import { type Opening, RtspSession, SESSION_TIMEOUT_SECONDS, type SessionTrack } from './rtsp-session.ts';
import { AUDIO_TRACK, describeSession, VIDEO_TRACK } from './session-description.ts';
import { chooseTransport, type Transport, transportText } from './transport-header.ts';
import { VideoTrack } from './video-track.ts';

/** Most sessions of one connection: a player has one, a wall of pictures some. */
export const MAX_SESSIONS = 4;

const VERSION = 'RTSP/1.0';
const CONTENT_TYPE = 'application/sdp';

/** `afterwards` is done when the answer is sent. */
interface Handled {
  readonly answer: RtspAnswer;
  readonly afterwards?: () => void;
}

export interface DeskParts {
  readonly parts: RtspParts;
  readonly origin: RtspOrigin;
  readonly onDidRevoke: () => void;
  /** Whose datagrams come back to it. */
  readonly owner: DatagramOwner;
}

interface Asked {
  readonly head: RtspHead;
  readonly nowMs: number;
  readonly out: RtspOut;
}

/** Answers the requests of one connection, and keeps its sessions. */
export class RtspDesk {
  readonly #desk: DeskParts;
  readonly #entrance: RtspEntrance;
  readonly sessions = new Map<string, RtspSession>();
  #visit: Visit | null = null;
  #unwatch: (() => void) | null = null;

  constructor(desk: DeskParts) {
    this.#desk = desk;
    this.#entrance = new RtspEntrance(desk.parts, desk.origin, desk.onDidRevoke);
  }

  handle(head: RtspHead, bodyBytes: number, nowMs: number, out: RtspOut): Handled {
    const asked: Asked = { head, nowMs, out };
    if (head.version !== VERSION) return status(505);
    const required = head.headers.get('require') ?? head.headers.get('proxy-require');
    if (required !== undefined) return status(551, [['Unsupported', required]]);
    const method = METHODS.find((candidate) => candidate === head.method);
    if (method === undefined) return status(501, [['Public', METHODS.join(', ')]]);
    return this.#handleMethod(method, asked, bodyBytes);
  }

  /** The session that has such a track. */
  sessionOf(fits: (track: SessionTrack) => boolean): RtspSession | null {
    for (const session of this.sessions.values())
      for (const track of session.tracks.values()) if (fits(track)) return session;
    return null;
  }

  /** Ends a session, and tells its player. */
  drop(session: RtspSession, nowMs: number, out: RtspOut): void {
    if (!this.sessions.delete(session.id)) return;
    if (session.playing) out.stop(session);
    session.goodbye(nowMs, out);
    for (const { endpoint } of session.tracks.values())
      if (endpoint !== null) this.#desk.parts.routes.remove(endpoint);
  }

  /** Gives back the place in the channel. */
  leave(): void {
    this.#unwatch?.();
    this.#visit?.leave();
    this.#unwatch = null;
    this.#visit = null;
  }

  #handleMethod(method: RtspMethod, asked: Asked, bodyBytes: number): Handled {
    switch (method) {
      case 'OPTIONS':
        this.#sessionIn(asked.head)?.touch(asked.nowMs);
        return status(200, [['Public', METHODS.join(', ')]]);
      case 'DESCRIBE':
        return this.#entered(asked, (visit, address) => this.#describe(asked, visit, address));
      case 'SETUP':
        return this.#entered(asked, (visit, address) => this.#setUp(asked, visit, address));
      case 'GET_PARAMETER':
        return this.#getParameter(asked, bodyBytes);
      case 'PLAY':
        return this.#inSession(asked, (session) => this.#play(asked, session));
      case 'PAUSE':
        return this.#inSession(asked, (session) => this.#pause(asked, session));
      case 'TEARDOWN':
        return this.#inSession(asked, (session) => this.#tearDown(asked, session));
    }
  }

  #entered(asked: Asked, proceed: (visit: Visit, address: RtspAddress) => Handled): Handled {
    const { head, nowMs } = asked;
    const address = readRtspAddress(head.address);
    if (address === null) return status(404);
    const channel = this.#desk.parts.programs.find(address.channel)?.channel.id ?? null;
    if (this.#visit !== null && this.#visit.channel.id === channel) return proceed(this.#visit, address);
    // One place in one channel: whoever wants another lets go of the first.
    if (this.sessions.size > 0) return status(459);
    this.leave();
    const entry = this.#entrance.enter(head, address, nowMs);
    if (!entry.ok) return { answer: entry.answer };
    this.#visit = entry.visit;
    this.#unwatch = entry.visit.program.watch({ handleBegin: () => this.#beginStretch() });
    return proceed(entry.visit, address);
  }

  #beginStretch(): void {
    for (const session of this.sessions.values()) session.beginStretch();
  }

  #sessionIn({ headers }: RtspHead): RtspSession | null {
    const [id = ''] = (headers.get('session') ?? '').split(';');
    return this.sessions.get(id.trim()) ?? null;
  }

  #inSession({ head, nowMs }: Asked, proceed: (session: RtspSession) => Handled): Handled {
    const session = this.#sessionIn(head);
    if (session === null) return status(454);
    session.touch(nowMs);
    return proceed(session);
  }

  #describe({ head }: Asked, { program, channel }: Visit, address: RtspAddress): Handled {
    const accept = head.headers.get('accept') ?? CONTENT_TYPE;
    if (!/application\/(sdp|\*)|\*\/\*/i.test(accept)) return status(406);
    const frame = program.recentFrames(MAX_FRAME_SAMPLES).at(-1);
    const packetMs = frame === undefined ? 0 : (frame.samples * 1_000) / PROGRAM_RATE_HZ;
    const { broadcast } = program;
    const body = describeSession({
      id: Math.floor(this.#desk.parts.rng.next() * 2 ** 32),
      name: channel.name,
      ipv6: this.#desk.origin.address.includes(':'),
      title: tagOf(program.tags, 'title') ?? '',
      stereo: broadcast === null ? channel.source === 'publisher' : broadcast.channels === 2,
      packetMs: packetMs > 0 && Number.isInteger(packetMs) ? packetMs : null,
      picture: program.recentUnits()[0]?.units ?? null,
    });
    const headers = [
      ['Content-Type', CONTENT_TYPE],
      ['Content-Base', `${address.base}/`],
    ] as const;
    return { answer: { status: 200, headers, body } };
  }

  #setUp({ head, nowMs }: Asked, visit: Visit, address: RtspAddress): Handled {
    const { parts, origin } = this.#desk;
    const named = head.headers.has('session') ? this.#sessionIn(head) : 'new';
    if (named === null) return status(454);
    const hasPictures = visit.program.recentUnits().length > 0;
    if (address.track === null && hasPictures) return status(459);
    const number = address.track ?? AUDIO_TRACK;
    if (number !== AUDIO_TRACK && (number !== VIDEO_TRACK || !hasPictures)) return status(404);
    if (named !== 'new' && named.playing) return status(455);
    if (named === 'new' && this.sessions.size >= MAX_SESSIONS) return status(453);
    const choice = chooseTransport(head.headers.get('transport'), {
      // Datagrams are not encrypted: whoever came by TLS wants more.
      datagrams: parts.serverPorts !== null && !origin.secure,
      usedChannels: this.#usedChannels(),
    });
    if (!choice.ok) {
      parts.counters[choice.reason] += 1;
      return status(choice.reason === 'transportMissing' ? 400 : 461);
    }
    const track = this.#track(number, choice.transport);
    if (track === null) return status(453);
    const session = named === 'new' ? this.#begin(visit, nowMs) : named;
    session.touch(nowMs);
    const replaced = session.tracks.get(number)?.endpoint ?? null;
    if (replaced !== null) parts.routes.remove(replaced);
    session.tracks.set(number, track);
    return status(200, [
      ['Transport', transportText(choice.transport, track.media.sender.ssrc, parts.serverPorts)],
      ['Session', `${session.id};timeout=${SESSION_TIMEOUT_SECONDS}`],
    ]);
  }

  #begin(visit: Visit, nowMs: number): RtspSession {
    const { parts } = this.#desk;
    const session = new RtspSession(parts.randomToken(), visit, parts.reports, nowMs);
    this.sessions.set(session.id, session);
    parts.counters.sessions += 1;
    return session;
  }

  /** @returns null: too many streams go to that address */
  #track(number: number, transport: Transport): SessionTrack | null {
    const { parts, origin, owner } = this.#desk;
    const media = number === AUDIO_TRACK ? new AudioTrack(parts.rng) : new VideoTrack(parts.rng);
    if (transport.kind === 'interleaved') return { media, transport, endpoint: null, reportDueMs: null };
    const endpoint = {
      address: origin.address,
      ssrc: media.sender.ssrc,
      ports: { rtp: transport.rtpPort, rtcp: transport.rtcpPort },
      proven: { rtp: false, rtcp: false },
    };
    if (!parts.routes.add(endpoint, owner)) return null;
    return { media, transport, endpoint, reportDueMs: null };
  }

  #usedChannels(): ReadonlySet<number> {
    const used = new Set<number>();
    for (const session of this.sessions.values())
      for (const { transport } of session.tracks.values())
        if (transport.kind === 'interleaved') used.add(transport.rtpChannel).add(transport.rtcpChannel);
    return used;
  }

  #play({ head, out }: Asked, session: RtspSession): Handled {
    const address = readRtspAddress(head.address);
    if (address !== null && address.track !== null && session.tracks.size > 1) return status(460);
    const { program } = session.visit;
    const opening = session.playing
      ? { frames: [], units: [] }
      : openingOf(program, maxPictureBytes(session));
    const base = address?.base ?? '';
    const answer = okIn(session, [
      ['Range', 'npt=now-'],
      ['RTP-Info', rtpInfo(session, base, opening)],
    ]);
    if (session.playing) return { answer };
    this.#desk.parts.counters.plays += 1;
    return {
      answer,
      afterwards: () => {
        session.play();
        out.play(session, opening);
      },
    };
  }

  #pause({ out }: Asked, session: RtspSession): Handled {
    if (session.playing) {
      out.stop(session);
      session.pause();
    }
    return { answer: okIn(session) };
  }

  #tearDown({ nowMs, out }: Asked, session: RtspSession): Handled {
    this.#desk.parts.counters.sessionsTornDown += 1;
    this.drop(session, nowMs, out);
    return { answer: okIn(session) };
  }

  /** Asked for nothing, it is a sign of life; there is nothing else to be had. */
  #getParameter(asked: Asked, bodyBytes: number): Handled {
    if (!asked.head.headers.has('session')) return status(bodyBytes === 0 ? 200 : 451);
    return this.#inSession(asked, (session) => {
      return bodyBytes === 0 ? { answer: okIn(session) } : status(451);
    });
  }
}

function status(code: RtspStatus, headers: RtspAnswer['headers'] = []): Handled {
  return { answer: { status: code, headers } };
}

function okIn(session: RtspSession, headers: NonNullable<RtspAnswer['headers']> = []): RtspAnswer {
  return { status: 200, headers: [['Session', session.id], ...headers] };
}

function maxPictureBytes(session: RtspSession): number {
  const track = session.tracks.get(VIDEO_TRACK);
  if (track === undefined) return 0;
  return track.endpoint === null ? MAX_OPENING_PICTURE_BYTES : MAX_OPENING_DATAGRAM_BYTES;
}

/** What the first packets will have (RFC 2326, section 12.33); a timestamp that nobody knows yet is left out. */
function rtpInfo(session: RtspSession, base: string, { frames, units }: Opening): string {
  const parts: string[] = [];
  for (const [number, { media }] of session.tracks) {
    const timestamp =
      media instanceof AudioTrack ? media.firstTimestamp(frames[0]) : media.firstTimestamp(units[0]);
    const time = timestamp === null ? '' : `;rtptime=${timestamp}`;
    parts.push(`url=${base}/trackID=${number};seq=${media.sender.nextSequence}${time}`);
  }
  return parts.join(',');
}
