import { createRng, type Rng } from '../../src/core/base/rng.ts';
import { writeOpusHead, writeOpusTags } from '../../src/core/ogg/opus-headers.ts';
import { PagePacker } from '../../src/core/ogg/page-packer.ts';
import { TRANSCRIPTS } from '../../src/core/rtsp/transcripts.ts';
import { CHROMIUM_LISTENS, CHROMIUM_SPEAKS } from '../../src/core/webrtc/sample-descriptions.ts';
import { PUBLISH_KEY } from './standalone.ts';

/** What goes into texts in the middle. */
const PIECES = [
  '\r\n',
  '\n\n',
  '\r',
  '\0',
  ': ',
  '%',
  '%00',
  '../',
  '//',
  '"',
  '$\x00\x00\x04',
  'Content-Length: 9',
  'Transfer-Encoding: chunked\r\n',
  'Expect: 100-continue\r\n',
  'Host: \r\n',
  'é\u2028',
  '-1',
  '99999999999999999999',
];

export function below(limit: number, rng: Rng): number {
  return Math.floor(rng.next() * limit);
}

export function pick<T>(list: readonly T[], rng: Rng): T {
  const [first] = list;
  if (first === undefined) throw new Error('there is nothing to choose from');
  return list[below(list.length, rng)] ?? first;
}

export function noise(length: number, rng: Rng): Buffer {
  return Buffer.from(Array.from({ length }, () => below(256, rng)));
}

/** The same with some bytes changed, left out, put in or repeated; at times nothing is. */
export function mutated(bytes: Uint8Array, rng: Rng): Buffer {
  let result: Buffer = Buffer.from(bytes);
  for (let count = below(6, rng); count > 0; count -= 1) {
    const at = below(result.length, rng);
    const end = Math.min(result.length, at + 1 + below(40, rng));
    const [before, part, after] = [result.subarray(0, at), result.subarray(at, end), result.subarray(end)];
    const act = below(5, rng);
    if (act === 0) result[at] = below(256, rng);
    else if (act === 1) result = Buffer.concat([before, after]);
    else if (act === 2) result = Buffer.concat([before, part, part, after]);
    else if (act === 3) result = Buffer.concat([before, Buffer.from(pick(PIECES, rng)), part, after]);
    else result = Buffer.concat([before, part]);
  }
  return result;
}

function basic(user: string, password: string): string {
  return `Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

export function request(method: string, path: string, lines: readonly string[] = [], body = ''): Buffer {
  const all = [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1', ...lines];
  if (body !== '') all.push(`Content-Length: ${Buffer.byteLength(body)}`);
  return Buffer.from(`${all.join('\r\n')}\r\n\r\n${body}`);
}

export function upgrade(path: string, lines: readonly string[] = []): Buffer {
  return request('GET', path, [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...lines,
  ]);
}

/** A message as a client frames it, under a mask of zeros; some are no frames at all. */
export function framed(opcode: number, payload: Uint8Array, rng: Rng): Buffer {
  const isOdd = below(10, rng) === 0;
  const first = (isOdd ? below(256, rng) & 0x70 : 0x80) | opcode;
  const mask = isOdd ? 0 : 0x80;
  const head =
    payload.length < 126
      ? [first, mask | payload.length]
      : [first, mask | 126, payload.length >>> 8, payload.length & 0xff];
  return Buffer.concat([Buffer.from(head), Buffer.alloc(mask === 0 ? 0 : 4), payload]);
}

/** A stream of some seconds as publishers send it. */
export function opusStream(packets: number, rng: Rng): Buffer {
  const pages: Uint8Array[] = [];
  const packer = new PagePacker(below(2 ** 32, rng), (page) => pages.push(page));
  for (const header of [
    writeOpusHead({ channels: pick([1, 2] as const, rng), preSkipSamples: 312 }),
    writeOpusTags('hostile', [['title', 'x'.repeat(below(3_000, rng))]]),
  ]) {
    packer.packet(header, 0n);
    packer.flush();
  }
  for (let count = 1; count <= packets; count += 1) {
    const packet = noise(1 + below(200, rng), rng);
    packet[0] = 0xf8;
    packer.packet(packet, BigInt(count * 960));
    if (below(3, rng) === 0) packer.flush();
  }
  packer.flush();
  return Buffer.concat(pages);
}

const SOURCE = basic('source', PUBLISH_KEY);
const OGG = 'Content-Type: audio/ogg';
const SDP = 'Content-Type: application/sdp';

/** What clients of every kind send, to the channels that are there. */
export const HTTP_TRANSCRIPTS: readonly Buffer[] = [
  request('GET', '/'),
  request('GET', '/listen/music', ['Accept-Encoding: gzip']),
  request('GET', '/listen/channels.json'),
  request('GET', '/listen/assets/../../../../etc/passwd'),
  request('GET', '/webrtc-relay/assets/..%2f..%2f..%2fetc%2fpasswd'),
  request('GET', '/stream/music.ogg', ['Icy-MetaData: 1', 'Range: bytes=0-']),
  request('HEAD', '/stream/music.ogg'),
  request('OPTIONS', '/stream/music.ogg', ['Origin: https://elsewhere.example']),
  request('GET', '/stream/music.m3u?key=a%0d%0aSet-Cookie:%20b'),
  request('GET', '/stream/%E0%A4%A.ogg'),
  request('GET', '/stream/locked.ogg?key=wrong'),
  request('PUT', '/publish/music', [SOURCE, OGG], 'OggS'),
  request('PUT', '/publish/stage-1', [SOURCE, OGG, 'Expect: 100-continue']),
  request('PUT', '/publish/stage-1', [SOURCE, OGG, 'Transfer-Encoding: chunked']),
  request('POST', '/publish/stage-1', [SOURCE, 'Content-Type: text/html'], 'hello'),
  request('SOURCE', '/stage-2', [SOURCE, OGG, 'ice-name: x\ty']),
  request('GET', '/admin/metadata?mode=updinfo&mount=/stage-1&song=a%20-%20b&charset=latin1', [SOURCE]),
  request('GET', '/admin/!POKE'),
  request('OPTIONS', '*'),
  request('CONNECT', 'example.invalid:443'),
  request('POST', '/whep/music', [SDP], CHROMIUM_LISTENS.slice(0, 400)),
  request('POST', '/whip/booth', [SDP, 'Authorization: Bearer wrong'], CHROMIUM_SPEAKS),
  request('OPTIONS', '/whep/music', ['Origin: https://elsewhere.example']),
  request(
    'PATCH',
    '/whep/music/AAAAAAAAAAAAAAAAAAAAAA',
    ['Content-Type: application/trickle-ice-sdpfrag'],
    'a=x',
  ),
  request('DELETE', '/whip/booth/AAAAAAAAAAAAAAAAAAAAAA'),
  upgrade('/ws?channel=music'),
  upgrade('/ws/talk', ['Origin: https://elsewhere.example', basic('listener', 'wrong')]),
  upgrade('/ws/locked?key=wrong'),
  upgrade('/api/ws/audio?channel=music'),
  upgrade('/api/ws/audio?channel=locked&key=wrong'),
  upgrade('/webrtc-relay?type=dashboard&robot_id=open'),
  upgrade('/webrtc-relay?type=robot&robot_id=closed&api_key=wrong'),
  upgrade('/nothing'),
  request('GET', '//elsewhere.example/stream/music.ogg'),
  request('GET', 'http://elsewhere.example/stream/music.ogg'),
  request('SOURCE', 'stage-1', [SOURCE, OGG]),
];

/** What players of RTSP send, to channels that are there. */
export const RTSP_TRANSCRIPTS: readonly Buffer[] = TRANSCRIPTS.map(({ bytes }) =>
  Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll('/locked', '/music'), 'latin1'),
);

/** Frames of talkers, and what is nearly one. */
export function talkFrame(sequence: number, rng: Rng): Buffer {
  const frame = Buffer.alloc(15 + 60, 7);
  frame.writeUInt32BE(sequence);
  frame.writeBigUInt64BE(BigInt(sequence) * 20_000n, 4);
  frame[12] = 1;
  frame.writeUInt16BE(60, 13);
  frame[15] = 0xf8;
  return below(4, rng) === 0 ? mutated(frame, rng) : frame;
}

/** What rooms and dashboards say to each other. */
export const SIGNALS: readonly string[] = [
  '{"type":"ready"}',
  JSON.stringify({ type: 'offer', sdp: CHROMIUM_SPEAKS }),
  JSON.stringify({ type: 'answer', sdp: CHROMIUM_LISTENS }),
  '{"type":"ice_candidate","candidate":"candidate:1 1 UDP 1 192.0.2.1 9 typ host","sdp_mid":"0","sdp_mline_index":0}',
  '{"type":"error","message":"x"}',
  '{"type":"welcome"}',
];

export const HELLO = '{"type":"hello","clientType":"web","supports":["opus-raw"],"ptt":true}';

/** A source of chance for each who attacks, so that one does not hang on what the others do. */
export function rngOf(seed: number, place: number): Rng {
  return createRng(seed * 1_000 + place);
}
