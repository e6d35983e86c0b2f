import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { Rng } from '../../src/core/base/rng.ts';
import { CHROMIUM_LISTENS, CHROMIUM_SPEAKS } from '../../src/core/webrtc/sample-descriptions.ts';
import {
  below,
  framed,
  HELLO,
  HTTP_TRANSCRIPTS,
  mutated,
  noise,
  opusStream,
  pick,
  RTSP_TRANSCRIPTS,
  request,
  rngOf,
  SIGNALS,
  talkFrame,
  upgrade,
} from './hostile-bytes.ts';
import { PUBLISH_KEY } from './standalone.ts';

/** Arguments: the web port, the port of RTSP, a seed, seconds. Prints what was done, and ends with all its connections. */
const [webPort = 0, rtspPort = 0, seed = 0, seconds = 0] = process.argv.slice(2).map(Number);
const endMs = performance.now() + seconds * 1_000;

/** Longest wait for an answer, in ms. */
const ANSWER_MS = 400;

/** Sessions of WebRTC that nobody ends are begun until then only: they are given 20 s to connect. */
const ABANDON_UNTIL_MS = performance.now() + 2_000;

const did: Record<string, number> = {};
const answers: Record<string, number> = {};

function count(counts: Record<string, number>, name: string, by = 1): void {
  counts[name] = (counts[name] ?? 0) + by;
}

interface Opening {
  readonly rtsp?: boolean;
  readonly plain?: boolean;
  /** It keeps its half when the other side ends. */
  readonly half?: boolean;
  readonly from?: string;
}

/** A connection from any of some thousand addresses; null: it was refused. */
async function open(
  rng: Rng,
  { rtsp = false, plain = false, half = false, from }: Opening = {},
): Promise<Duplex | null> {
  const localAddress = from ?? `127.${1 + below(8, rng)}.${below(250, rng)}.${1 + below(250, rng)}`;
  const port = rtsp ? rtspPort : webPort;
  const socket: Socket = connect({ port, host: '127.0.0.1', localAddress, allowHalfOpen: half });
  socket.on('error', () => undefined);
  try {
    await once(socket, 'connect');
  } catch {
    return null;
  }
  if (plain || below(3, rng) > 0) return socket;
  const secured = connectTls({ socket, rejectUnauthorized: false });
  secured.on('error', () => undefined);
  return secured;
}

/** Sends bytes in some pieces, looks at the answer for a while, and hangs up in some way. */
async function exchange(rng: Rng, bytes: Buffer, opening: Opening = {}): Promise<void> {
  const line = await open(rng, opening);
  if (line === null) return;
  let answer = '';
  line.on('data', (chunk: Buffer) => {
    if (answer.length < 20) answer += chunk.toString('latin1');
  });
  const closed = new Promise<void>((resolve) => line.once('close', () => resolve()));
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + below(bytes.length, rng);
    line.write(bytes.subarray(at, end));
    at = end;
    await sleep(below(5, rng));
  }
  await Promise.race([closed, sleep(below(ANSWER_MS, rng))]);
  const [, status = 'none'] = /^(?:HTTP|RTSP)\/1\.\d (\d{3})/.exec(answer) ?? [];
  count(answers, status);
  if (below(2, rng) === 0) line.end();
  else line.destroy();
  await Promise.race([closed, sleep(20)]);
  line.destroy();
}

/** Says a whole conversation over a WebSocket. */
async function converse(rng: Rng, path: string, messages: readonly Buffer[]): Promise<void> {
  const line = await open(rng);
  if (line === null) return;
  line.resume();
  line.write(upgrade(path));
  for (const message of messages) {
    if (line.destroyed) break;
    line.write(message);
    await sleep(below(8, rng));
  }
  await sleep(below(50, rng));
  line.destroy();
}

/** Opens a session of WebRTC, or is refused; most are ended. */
async function offer(rng: Rng, path: string, sdp: string): Promise<void> {
  const headers = { 'Content-Type': 'application/sdp', Authorization: `Bearer ${PUBLISH_KEY}` };
  const root = `http://127.0.0.1:${webPort}`;
  const body = below(2, rng) === 0 ? sdp : mutated(Buffer.from(sdp), rng).toString('latin1');
  const response = await fetch(root + path, { method: 'POST', headers, body });
  await response.text();
  count(answers, String(response.status));
  const session = response.headers.get('location');
  if (session === null) return;
  const type = { 'Content-Type': 'application/trickle-ice-sdpfrag' };
  const fragment = mutated(Buffer.from('a=mid:0\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n'), rng);
  const patch = { method: 'PATCH', headers: type, body: fragment.toString('latin1') };
  try {
    await (await fetch(root + session, patch)).text();
  } finally {
    if (path === '/whip/booth' || performance.now() > ABANDON_UNTIL_MS)
      await (await fetch(root + session, { method: 'DELETE' })).text();
  }
}

/** Who comes to the relay's side of signalling, and who says so. */
const CALLERS = [
  'type=dashboard&robot_id=open',
  'type=robot&robot_id=open&api_key=robot-key',
  'type=robot&robot_id=open&api_key=wrong',
  'type=dashboard&robot_id=closed&viewer_key=wrong',
];

/** Sets up sound by RTSP, and begins to play it. @returns null: it was refused */
async function play(rng: Rng, opening: Opening = {}): Promise<Duplex | null> {
  const line = await open(rng, { ...opening, rtsp: true });
  if (line === null) return null;
  const ways = [
    'RTP/AVP/TCP;unicast;interleaved=0-1',
    `RTP/AVP;unicast;client_port=${2_000 + below(60_000, rng)}`,
  ];
  const answer = once(line, 'data', { signal: AbortSignal.timeout(5_000) });
  line.write(`SETUP rtsp://x/music/trackID=0 RTSP/1.0\r\nCSeq: 1\r\nTransport: ${pick(ways, rng)}\r\n\r\n`);
  const [text] = (await answer) as [Buffer];
  const session = /^Session: ([^;\r]+)/m.exec(text.toString('latin1'))?.[1] ?? 'none';
  line.write(`PLAY rtsp://x/music RTSP/1.0\r\nCSeq: 2\r\nSession: ${session}\r\n\r\n`);
  return line;
}

/** Attacks that are over soon, and made again and again. */
const rounds: Record<string, (rng: Rng) => Promise<void>> = {
  noise: (rng) => exchange(rng, noise(1 + below(4_000, rng), rng), { rtsp: below(2, rng) === 0 }),
  /** The beginning of a handshake, and then something else. */
  handshake: (rng) =>
    exchange(rng, Buffer.concat([Buffer.of(0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3), noise(220, rng)]), {
      plain: true,
      rtsp: below(2, rng) === 0,
    }),
  http: (rng) => exchange(rng, mutated(pick(HTTP_TRANSCRIPTS, rng), rng)),
  rtsp: (rng) => exchange(rng, mutated(pick(RTSP_TRANSCRIPTS, rng), rng), { rtsp: true }),
  /** Packets inside the connection of one who plays, and then nothing that anybody understands. */
  rtspPackets: async (rng) => {
    const line = await play(rng);
    line?.resume();
    for (let count = below(6, rng); count > 0; count -= 1) {
      line?.write(Buffer.concat([Buffer.from('$\x01\x00\x20'), noise(32, rng)]));
      await sleep(below(30, rng));
    }
    line?.write(pick([noise(40, rng), mutated(pick(RTSP_TRANSCRIPTS, rng), rng)], rng));
    await sleep(below(30, rng));
    line?.destroy();
  },
  huge: async (rng) => {
    const blanks = ' '.repeat(60_000);
    const isRtsp = below(2, rng) === 0;
    const text = isRtsp
      ? `OPTIONS rtsp://x/music RTSP/1.0\r\nCSeq: 1\r\nX: a${blanks}b\r\n\r\n`
      : pick(
          [
            `GET / HTTP/1.1\r\nX: a${blanks}b\r\n\r\n`,
            `SOURCE /${'x'.repeat(20_000)}`,
            `PUT /a HTTP/1.1\r\n${'X: 1\r\n'.repeat(5_000)}`,
          ],
          rng,
        );
    await exchange(rng, Buffer.from(text), { rtsp: isRtsp });
  },
  publish: async (rng) => {
    const key = below(3, rng) === 0 ? 'wrong' : PUBLISH_KEY;
    const authorization = `Authorization: Basic ${Buffer.from(`source:${key}`).toString('base64')}`;
    const head = request(pick(['PUT', 'SOURCE'], rng), `/stage-${1 + below(4, rng)}`, [
      authorization,
      'Content-Type: audio/ogg',
    ]);
    await exchange(rng, Buffer.concat([head, mutated(opusStream(20 + below(60, rng), rng), rng)]), {
      plain: below(2, rng) === 0,
    });
  },
  listen: async (rng) => {
    const hello = below(3, rng) === 0 ? mutated(Buffer.from(HELLO), rng) : Buffer.from(HELLO);
    const frames = Array.from({ length: below(12, rng) }, (_, at) =>
      framed(pick([2, 2, 2, 1, 9], rng), below(5, rng) === 0 ? noise(30, rng) : talkFrame(at, rng), rng),
    );
    await converse(rng, pick(['/ws/talk', '/ws?channel=music', '/api/ws/audio?channel=music'], rng), [
      framed(1, hello, rng),
      ...frames,
      framed(8, Buffer.alloc(0), rng),
    ]);
  },
  signal: async (rng) => {
    const path = pick(CALLERS, rng);
    const messages = Array.from({ length: 10 }, () =>
      framed(
        1,
        below(2, rng) === 0 ? mutated(Buffer.from(pick(SIGNALS, rng)), rng) : Buffer.from(pick(SIGNALS, rng)),
        rng,
      ),
    );
    await converse(rng, `/webrtc-relay?${path}`, messages);
  },
  guess: async (rng) => {
    const key = noise(8, rng).toString('hex');
    const basic = `Authorization: Basic ${Buffer.from(`listener:${key}`).toString('base64')}`;
    // Four addresses make so many tries that they are made to wait.
    const from = `127.20.0.${1 + below(4, rng)}`;
    const [path, rtsp] = pick(
      [
        ['/stream/locked.ogg', false],
        ['/api/ws/audio?channel=locked', false],
        ['/locked', true],
      ] as const,
      rng,
    );
    const text = rtsp
      ? Buffer.from(`DESCRIBE rtsp://x${path}?key=${key} RTSP/1.0\r\nCSeq: 1\r\n\r\n`)
      : path.startsWith('/api')
        ? upgrade(`${path}&key=${key}`)
        : request('GET', path, [basic]);
    await exchange(rng, text, { rtsp, from });
  },
  offer: async (rng) => {
    await offer(rng, '/whep/music', CHROMIUM_LISTENS);
    await offer(rng, '/whip/booth', CHROMIUM_SPEAKS);
    await sleep(100);
  },
  short: async (rng) => {
    const lines = Array.from({ length: 20 }, async () => {
      const line = await open(rng, { plain: true, rtsp: below(2, rng) === 0 });
      count(did, 'shortConnections');
      line?.destroy();
    });
    await Promise.all(lines);
    await sleep(30);
  },
};

/** Connections that stay as long as they are let. */
const stays: Record<string, (rng: Rng) => Promise<void>> = {
  /** A byte now and then. */
  slow: async (rng) => {
    const rtsp = below(2, rng) === 0;
    const line = await open(rng, { rtsp });
    const bytes = rtsp ? pick(RTSP_TRANSCRIPTS, rng) : pick(HTTP_TRANSCRIPTS, rng);
    line?.resume();
    line?.once('close', () => count(did, 'slowCut'));
    for (const byte of bytes) {
      if (line === null || line.destroyed || performance.now() > endMs) return;
      line.write(Buffer.of(byte));
      await sleep(400);
    }
  },
  /** Is told no, and does not hang up. */
  half: async (rng) => {
    const line = await open(rng, { half: true, plain: true });
    line?.resume();
    line?.write(
      pick([request('SOURCE', '/a/b/c'), upgrade('/nothing'), Buffer.from('\x01\x02\r\n\r\n')], rng),
    );
  },
  silent: async (rng) => {
    await open(rng, { rtsp: below(2, rng) === 0, plain: true });
  },
  /** Wants everything, and reads nothing. */
  deaf: async (rng) => {
    if (below(3, rng) === 0) {
      (await play(rng))?.pause();
      return;
    }
    const line = await open(rng);
    line?.pause();
    const pages = Buffer.concat(Array.from({ length: 200 }, () => request('GET', '/listen/music')));
    const wish = pick([request('GET', '/stream/music.ogg'), pages, upgrade('/ws?channel=music')], rng);
    line?.write(wish);
    await sleep(50);
    line?.write(framed(1, Buffer.from(HELLO), { next: () => 0.5 }));
  },
  /** All from one address, which is let have so many and no more. */
  flood: async (rng) => {
    await open(rng, { plain: true, from: '127.30.0.1' });
  },
};

const STAYING: Readonly<Record<string, number>> = { slow: 60, half: 60, silent: 40, deaf: 60, flood: 250 };

let place = 0;
async function again(name: string, round: (rng: Rng) => Promise<void>): Promise<void> {
  place += 1;
  const rng = rngOf(seed, place);
  while (performance.now() < endMs) {
    try {
      await round(rng);
      count(did, name);
    } catch {
      // Who attacks is cut off in the middle now and then.
      count(did, 'cutOff');
    }
  }
}

const all: Promise<unknown>[] = [];
for (const [name, stay] of Object.entries(stays))
  for (let at = 0; at < (STAYING[name] ?? 0); at += 1) {
    place += 1;
    all.push(
      stay(rngOf(seed, place)).then(
        () => count(did, name),
        () => count(did, 'cutOff'),
      ),
    );
  }
for (const [name, round] of Object.entries(rounds)) all.push(again(name, round), again(name, round));
await Promise.all(all);
process.stdout.write(`${JSON.stringify({ did, answers })}\n`);
process.exit(0);
