import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { channelOf, PUBLISHER, packetOf, TEST_LIMITS } from '../../../core/program/program-rig.ts';
import { Programs } from '../../../core/program/programs.ts';
import { readRtpPacket, writeRtpHeader } from '../../../core/rtp/rtp-packet.ts';
import { MAX_CANDIDATES } from '../../../core/webrtc/peer-description.ts';
import {
  CHROMIUM_LISTENS,
  CHROMIUM_SPEAKS,
  STUDIO_SPEAKS,
} from '../../../core/webrtc/sample-descriptions.ts';
import type { Peer, PeerMaker, PeerWatcher } from './peers.ts';
import { WebRtcGateway } from './webrtc-gateway.ts';

const OWN = STUDIO_SPEAKS.replace('a=setup:actpass', 'a=setup:active');
const SDP = { 'Content-Type': 'application/sdp' };
const FRAGMENT = { 'Content-Type': 'application/trickle-ice-sdpfrag' };

/** A connection without a network. */
class ToyPeer implements Peer {
  readonly offer: string | null;
  readonly watcher: PeerWatcher;
  readonly sent: Uint8Array[] = [];
  readonly candidates: string[] = [];
  closed = false;

  constructor(offer: string | null, watcher: PeerWatcher) {
    this.offer = offer;
    this.watcher = watcher;
  }

  setAnswer(): void {}
  addCandidate(candidate: string): void {
    this.candidates.push(candidate);
  }
  send(packet: Uint8Array): void {
    this.sent.push(packet);
  }
  close(): void {
    this.closed = true;
  }
}

class ToyMaker implements PeerMaker {
  backlogBytes = 0;
  readonly peers: ToyPeer[] = [];
  /** What happens to those who ask: they are described, they fail, or there is no library. */
  mood: 'describes' | 'fails' | 'absent' = 'describes';

  open(offer: string | null, watcher: PeerWatcher): Peer | null {
    if (this.mood === 'absent') return null;
    const peer = new ToyPeer(offer, watcher);
    this.peers.push(peer);
    queueMicrotask(() => {
      if (this.mood === 'describes') watcher.handleDescribed(OWN);
      else watcher.handleGone();
    });
    return peer;
  }
}

let maker: ToyMaker;
let programs: Programs;
let gateway: WebRtcGateway;
let server: Server;
let belowClosed: boolean;

beforeEach(async () => {
  maker = new ToyMaker();
  belowClosed = false;
  programs = new Programs({
    limits: TEST_LIMITS,
    secretsInTheClear: false,
    equalSecrets: (one, other) => one === other,
    fitsPassword: (password, { sha256 }) => password === sha256,
  });
  programs.setChannels([
    channelOf({ maxListeners: 2 }),
    channelOf({ id: 2, slug: 'closed', name: 'Closed', access: 'link' }),
  ]);
  gateway = new WebRtcGateway(
    { programs, talk: { speak: () => false, pause: () => undefined }, nowMs: () => 0 },
    {
      peers: maker,
      publicAddresses: () => ['203.0.113.9'],
      countersBelow: () => ({}),
      closeBelow: async () => {
        belowClosed = true;
      },
    },
  );
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://relay.invalid');
    const origin = { address: '192.0.2.1', secure: false, private: true };
    if (!gateway.handleRequest({ origin, request, url }, response)) response.writeHead(418).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(async () => {
  await gateway.close();
  expect(programs.visits).toBe(0);
  expect(belowClosed).toBe(true);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, init);
}

function offer(path: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return ask(path, { method: 'POST', headers: { ...SDP, ...headers }, body });
}

function publishes(): Promise<Response> {
  return offer('/whip/music', CHROMIUM_SPEAKS, { Authorization: 'Bearer publish-key' });
}

function lastPeer(): ToyPeer {
  const peer = maker.peers.at(-1);
  if (peer === undefined) throw new Error('nobody asked for a connection');
  return peer;
}

function rtp(sequence: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + payload.length);
  const header = { payloadType: 111, marker: false, sequence, timestamp: sequence * 960, ssrc: 1 };
  writeRtpHeader(bytes, 0, header);
  bytes.set(payload, 12);
  return bytes;
}

describe('WHEP', () => {
  test('an offer is answered with a session, which ends by DELETE', async () => {
    const response = await offer('/whep/Music', CHROMIUM_LISTENS);
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('application/sdp');
    expect(response.headers.get('etag')).toMatch(/^"[\w-]{12}"$/);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    const location = response.headers.get('location') ?? '';
    expect(location).toMatch(/^\/whep\/music\/[\w-]{22}$/);
    const answer = await response.text();
    expect(answer).toContain('m=video 0 ');
    expect(answer).toContain('a=sendonly\r\n');
    expect(answer).toContain(' 203.0.113.9 45167 typ host\r\n');
    expect(programs.visits).toBe(1);
    const again = await ask(location, { method: 'DELETE' });
    expect(again.status).toBe(200);
    expect(programs.visits).toBe(0);
    expect(lastPeer().closed).toBe(true);
    expect((await ask(location, { method: 'DELETE' })).status).toBe(404);
  });

  test('nothing but what was checked reaches the library', async () => {
    await offer('/whep/music', `${CHROMIUM_LISTENS}a=x-secret:1\r\n`);
    expect(lastPeer().offer).not.toContain('x-secret');
    expect(lastPeer().offer).not.toContain('.local');
    expect(lastPeer().offer).not.toContain('m=video');
  });

  test('the newest frame comes first, then every one, byte for byte and in its place', async () => {
    const feed = programs.program(1)?.begin(PUBLISHER);
    for (let mark = 0; mark < 10; mark += 1) feed?.frame(packetOf(mark), 0);
    await offer('/whep/music', CHROMIUM_LISTENS.replaceAll('111', '109'));
    const peer = lastPeer();
    expect(peer.sent).toEqual([]);
    peer.watcher.handleConnected();
    feed?.frame(packetOf(10), 0);
    feed?.frame(packetOf(11), 0, 1_920);
    const packets = peer.sent.map((bytes) => readRtpPacket(bytes));
    const read = packets.flatMap((packet) => (packet.ok ? [packet] : []));
    expect(read.map(({ payload }) => payload)).toEqual([9, 10, 11].map((mark) => packetOf(mark)));
    expect(read.map(({ header }) => header.payloadType)).toEqual([109, 109, 109]);
    expect(read.map(({ header }) => header.marker)).toEqual([true, false, true]);
    const [first = 0, ...rest] = read.map(({ header }) => header.timestamp);
    expect(rest.map((timestamp) => (timestamp - first + 2 ** 32) % 2 ** 32)).toEqual([960, 3_840]);
  });

  test('who is too far behind loses frames, and nobody else does', async () => {
    const feed = programs.program(1)?.begin(PUBLISHER);
    await offer('/whep/music', CHROMIUM_LISTENS);
    lastPeer().watcher.handleConnected();
    maker.backlogBytes = TEST_LIMITS.frames.maxBacklogBytes + 1;
    feed?.frame(packetOf(1), 0);
    maker.backlogBytes = 0;
    feed?.frame(packetOf(2), 0);
    expect(lastPeer().sent).toHaveLength(1);
  });

  test('a channel that is gone ends its sessions', async () => {
    const response = await offer('/whep/music', CHROMIUM_LISTENS);
    lastPeer().watcher.handleConnected();
    programs.setChannels([]);
    expect(lastPeer().closed).toBe(true);
    expect((await ask(response.headers.get('location') ?? '', { method: 'DELETE' })).status).toBe(404);
  });

  test.each([
    ['a link in the address', '/whep/closed?key=link-key', {}],
    ['a link as a token', '/whep/closed', { Authorization: 'Bearer link-key' }],
    ['a link as a password', '/whep/closed', { Authorization: `Basic ${btoa('listener:link-key')}` }],
  ])('%s opens a channel', async (_name, path, headers) => {
    expect((await offer(path, CHROMIUM_LISTENS, headers)).status).toBe(201);
  });

  test('who shows nothing, or the wrong thing, is told how to', async () => {
    const response = await offer('/whep/closed', CHROMIUM_LISTENS);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="Sidetone"');
    const wrong = await offer('/whep/closed?key=this-is-wrong', CHROMIUM_LISTENS);
    expect(wrong.status).toBe(401);
    expect(await wrong.text()).not.toContain('this-is-wrong');
  });

  test('more listeners than a channel takes are refused', async () => {
    await offer('/whep/music', CHROMIUM_LISTENS);
    await offer('/whep/music', CHROMIUM_LISTENS);
    expect((await offer('/whep/music', CHROMIUM_LISTENS)).status).toBe(503);
  });
});

describe('WHIP', () => {
  test("a publisher's packets are the program, until its session ends", async () => {
    const response = await publishes();
    expect(response.status).toBe(201);
    expect(await response.text()).toContain('a=recvonly\r\n');
    const program = programs.program(1);
    const { watcher } = lastPeer();
    watcher.handleConnected();
    expect(program?.broadcast).toBeNull();
    for (const sequence of [1, 2, 4, 3]) watcher.handlePacket(rtp(sequence, packetOf(sequence, true)));
    // A sender report is no sound.
    watcher.handlePacket(Uint8Array.of(0x80, 200, 0, 6, 0, 0, 0, 1));
    expect(program?.broadcast).toMatchObject({ kind: 'publisher', channels: 2, container: null });
    expect(program?.recentFrames(9_600).map(({ payload }) => payload)).toEqual(
      [1, 2, 3, 4].map((mark) => packetOf(mark, true)),
    );
    await ask(response.headers.get('location') ?? '', { method: 'DELETE' });
    expect(program?.broadcast).toBeNull();
  });

  test('a connection that is gone ends the broadcast', async () => {
    await publishes();
    const { watcher } = lastPeer();
    watcher.handleConnected();
    watcher.handlePacket(rtp(1, packetOf(1)));
    watcher.handleGone();
    expect(programs.program(1)?.broadcast).toBeNull();
    expect(programs.visits).toBe(0);
  });

  test('one publisher at a time, and only who has the key', async () => {
    expect((await offer('/whip/music', CHROMIUM_SPEAKS)).status).toBe(401);
    expect((await offer('/whip/music?key=link-key', CHROMIUM_SPEAKS)).status).toBe(401);
    await publishes();
    lastPeer().watcher.handleConnected();
    lastPeer().watcher.handlePacket(rtp(1, packetOf(1)));
    expect((await publishes()).status).toBe(409);
  });

  test('what a studio program sends is taken as it is', async () => {
    const response = await offer('/whip/music?key=publish-key', STUDIO_SPEAKS);
    expect(response.status).toBe(201);
    const answer = await response.text();
    expect(answer.indexOf('m=audio 9 ')).toBeLessThan(answer.indexOf('m=video 0 '));
  });
});

describe('sessions', () => {
  test('take candidates of their own connection, and of no other', async () => {
    const response = await offer('/whep/music', CHROMIUM_LISTENS);
    const location = response.headers.get('location') ?? '';
    const tag = response.headers.get('etag') ?? '';
    const line = 'candidate:1 1 UDP 1 192.0.2.7 9 typ host';
    const mine = `a=ice-ufrag:SJMj\r\na=ice-pwd:Y/WOACgNTgCH46G7lro3rAqv\r\na=mid:1\r\na=${line}\r\n`;
    const patch = async (body: string, headers: Record<string, string> = FRAGMENT): Promise<number> =>
      (await ask(location, { method: 'PATCH', headers, body })).status;
    expect(await patch(mine, { ...FRAGMENT, 'If-Match': tag })).toBe(204);
    expect(await patch(mine)).toBe(204);
    // Not while the peer may still be taking in our answer.
    expect(lastPeer().candidates).toEqual([]);
    await vi.waitFor(() => expect(lastPeer().candidates).toEqual([line, line]));
    expect(await patch(mine, { ...FRAGMENT, 'If-Match': '"other"' })).toBe(412);
    expect(await patch(mine, { ...FRAGMENT, 'If-Match': '*' })).toBe(422);
    expect(await patch(mine.replace('SJMj', 'Anew'))).toBe(422);
    expect(await patch(mine, SDP)).toBe(415);
    expect(await patch('nonsense')).toBe(400);
    expect(lastPeer().candidates).toHaveLength(2);
    const put = await ask(location, { method: 'PUT', body: '' });
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'OPTIONS, PATCH, DELETE']);
  });

  test('take no more candidates than the limit', async () => {
    const response = await offer('/whep/music', CHROMIUM_LISTENS);
    const lines = Array.from(
      { length: 20 },
      (_, at) => `a=candidate:1 1 UDP 1 192.0.2.7 ${at + 1} typ host\r\n`,
    );
    for (let count = 0; count < 3; count += 1) {
      const body = lines.join('');
      const path = response.headers.get('location') ?? '';
      expect((await ask(path, { method: 'PATCH', headers: FRAGMENT, body })).status).toBe(204);
    }
    await vi.waitFor(() => expect(lastPeer().candidates).toHaveLength(MAX_CANDIDATES));
  });

  test('say what they take', async () => {
    const endpoint = await ask('/whip/music', { method: 'OPTIONS' });
    expect(endpoint.status).toBe(204);
    expect(endpoint.headers.get('accept-post')).toBe('application/sdp');
    expect(endpoint.headers.get('access-control-allow-headers')).toContain('Authorization');
    const session = await ask('/whip/music/any', { method: 'OPTIONS' });
    expect(session.headers.get('access-control-allow-methods')).toBe('OPTIONS, PATCH, DELETE');
  });

  test.each([
    ['text/plain', CHROMIUM_LISTENS, 415],
    ['application/sdp; charset=utf-8', CHROMIUM_LISTENS, 201],
    ['application/sdp', '', 400],
    ['application/sdp', CHROMIUM_SPEAKS, 406],
    ['application/sdp', CHROMIUM_LISTENS.replaceAll('opus', 'speex'), 406],
    ['application/sdp', 'x'.repeat(65_537), 413],
  ])('an offer of the type %s', async (type, body, status) => {
    expect((await offer('/whep/music', body, { 'Content-Type': type })).status).toBe(status);
  });

  test.each(['absent', 'fails'] as const)('where the library %s, a sentence says so', async (mood) => {
    maker.mood = mood;
    const response = await offer('/whep/music', CHROMIUM_LISTENS);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('10');
    expect(await response.text()).toMatch(/WebRTC/);
    expect(programs.visits).toBe(0);
  });

  test.each(['/', '/whep', '/whep/', '/whep/a/b/c', '/whep/%ff', '/stream/music.ogg'])(
    '%s is none of ours',
    async (path) => {
      expect((await ask(path)).status).toBe(418);
    },
  );
});
