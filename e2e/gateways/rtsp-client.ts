import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { readRtpPacket } from '../../src/core/rtp/rtp-packet.ts';
import { PATIENCE_MS } from '../rig/child.ts';

export interface RtspResponse {
  readonly status: number;
  /** Names in lower case; several of one name are joined by a line feed. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A packet as it came. */
export interface Arrival {
  readonly kind: 'rtp' | 'rtcp';
  readonly packet: Buffer;
  /** When, by `performance.now()`. */
  readonly atMs: number;
}

export interface ReceivedSound {
  readonly payload: Buffer;
  readonly sequence: number;
  readonly timestamp: number;
  readonly atMs: number;
}

function responseOf(head: string, body: string): RtspResponse {
  const [first = '', ...lines] = head.split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const at = line.indexOf(':');
    const name = line.slice(0, at).toLowerCase();
    const value = line.slice(at + 1).trim();
    headers.set(name, headers.has(name) ? `${headers.get(name)}\n${value}` : value);
  }
  return { status: Number(first.split(' ')[1]), headers, body };
}

/** A player of the checks' own: it asks, and keeps what comes with the time at which it came. */
export class RtspClient {
  readonly arrivals: Arrival[] = [];
  readonly #socket: Socket;
  readonly #url: string;
  readonly #datagrams: DatagramSocket[] = [];
  #held = Buffer.alloc(0);
  #waiting: ((response: RtspResponse) => void)[] = [];
  #cseq = 0;
  #session: string | null = null;
  /** When the connection was closed from the other side. */
  closedMs: number | null = null;

  static async open(port: number, path: string): Promise<RtspClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new RtspClient(socket, `rtsp://127.0.0.1:${port}/${path}`);
  }

  private constructor(socket: Socket, url: string) {
    this.#socket = socket;
    this.#url = url;
    socket.on('data', (bytes) => this.#take(bytes));
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.closedMs = performance.now();
    });
  }

  /** Packets of sound, in the order they came. */
  get sound(): readonly ReceivedSound[] {
    return this.arrivals.flatMap(({ kind, packet, atMs }) => {
      const reading = kind === 'rtp' ? readRtpPacket(packet) : null;
      if (reading?.ok !== true) return [];
      const { sequence, timestamp } = reading.header;
      return [{ payload: Buffer.from(reading.payload), sequence, timestamp, atMs }];
    });
  }

  write(text: string): void {
    this.#socket.write(text, 'latin1');
  }

  async ask(method: string, path = '', headers: Record<string, string> = {}): Promise<RtspResponse> {
    this.#cseq += 1;
    const session = this.#session === null ? {} : { Session: this.#session };
    const all = Object.entries({ CSeq: String(this.#cseq), ...session, ...headers });
    const lines = all.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const answer = new Promise<RtspResponse>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`${method} was not answered`)), PATIENCE_MS);
      this.#waiting.push((response) => {
        clearTimeout(limit);
        resolve(response);
      });
    });
    this.write(`${method} ${this.#url}${path} RTSP/1.0\r\n${lines}\r\n`);
    return answer;
  }

  /** Sets up the sound, inside the connection or beside it. @throws Error when it cannot be had */
  async setUp(way: 'tcp' | 'udp'): Promise<RtspResponse> {
    const transport =
      way === 'tcp'
        ? 'RTP/AVP/TCP;unicast;interleaved=0-1'
        : `RTP/AVP;unicast;client_port=${await this.#ports()}`;
    const response = await this.ask('SETUP', '/trackID=0', { Transport: transport });
    if (response.status !== 200) throw new Error(`SETUP was answered with ${response.status}`);
    this.#session = (response.headers.get('session') ?? '').split(';')[0] ?? null;
    return response;
  }

  close(): void {
    this.#socket.destroy();
    for (const socket of this.#datagrams) socket.close();
  }

  /** Two ports in a row. */
  async #ports(): Promise<string> {
    for (;;) {
      const rtp = createSocket('udp4');
      rtp.bind(0, '127.0.0.1');
      await once(rtp, 'listening');
      const { port } = rtp.address();
      const rtcp = createSocket('udp4');
      try {
        rtcp.bind(port + 1, '127.0.0.1');
        await once(rtcp, 'listening');
      } catch {
        rtp.close();
        continue;
      }
      for (const [kind, socket] of [
        ['rtp', rtp],
        ['rtcp', rtcp],
      ] as const)
        socket.on('message', (packet) => this.arrivals.push({ kind, packet, atMs: performance.now() }));
      this.#datagrams.push(rtp, rtcp);
      return `${port}-${port + 1}`;
    }
  }

  #take(bytes: Buffer): void {
    const atMs = performance.now();
    this.#held = Buffer.concat([this.#held, bytes]);
    for (;;) {
      const next = this.#held[0] === 0x24 ? this.#packet(atMs) : this.#response();
      if (next === null) return;
      this.#held = this.#held.subarray(next);
    }
  }

  #packet(atMs: number): number | null {
    if (this.#held.length < 4) return null;
    const end = 4 + this.#held.readUInt16BE(2);
    if (this.#held.length < end) return null;
    const kind = (this.#held[1] ?? 0) % 2 === 0 ? 'rtp' : 'rtcp';
    this.arrivals.push({ kind, packet: Buffer.from(this.#held.subarray(4, end)), atMs });
    return end;
  }

  #response(): number | null {
    const at = this.#held.indexOf('\r\n\r\n');
    if (at === -1) return null;
    const head = this.#held.toString('latin1', 0, at);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    const end = at + 4 + length;
    if (this.#held.length < end) return null;
    this.#waiting.shift()?.(responseOf(head, this.#held.toString('utf8', at + 4, end)));
    return end;
  }
}
