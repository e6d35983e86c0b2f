import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { ListeningChannel } from '../../../core/program/listening.ts';
import type { Feed } from '../../../core/program/program.ts';
import { Programs } from '../../../core/program/programs.ts';
import { PROGRAM_LIMITS } from '../program-limits.ts';
import { openDatagramPorts, plainAddress } from './datagram-ports.ts';
import { RtspServer } from './rtsp-server.ts';

const CHANNEL: ListeningChannel = {
  id: 1,
  name: 'Music',
  slug: 'music',
  source: 'publisher',
  access: 'public',
  linkKey: 'a-key-of-22-characters',
  password: null,
  publishKey: 'p',
  talk: false,
  maxListeners: 10,
  bitrate: 64_000,
};

/** Opus, 20 ms, mono. */
const PACKET = Uint8Array.of(0x78, 1, 2, 3);

/** Everything here is in plain text. */
const tls = { certificatePem: '', keyPem: '' };

const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Stage {
  readonly server: RtspServer;
  readonly programs: Programs;
  readonly feed: Feed;
}

async function stage(port = 0): Promise<Stage> {
  const programs = new Programs({
    limits: PROGRAM_LIMITS,
    secretsInTheClear: false,
    equalSecrets: (one, other) => one === other,
    fitsPassword: () => false,
  });
  programs.setChannels([CHANNEL]);
  const talk = { speak: () => false, pause: () => undefined };
  const parts = { programs, talk, nowMs: () => performance.now() };
  const server = await RtspServer.open(parts, { host: '127.0.0.1', port, tls, visitsPerNetwork: 10 });
  closers.push(() => server.close());
  const request = {
    kind: 'publisher',
    source: 'x',
    channels: 1,
    bitrate: null,
    preSkipSamples: 0,
    container: null,
  } as const;
  const feed = programs.program(1)?.begin(request) ?? null;
  if (feed === null) throw new Error('the channel has no program');
  return { server, programs, feed };
}

/** A connection, and what came over it so far. */
async function dial(port: number): Promise<{ socket: Socket; until: (text: string) => Promise<string> }> {
  const socket = connect(port, '127.0.0.1');
  closers.push(() => {
    socket.destroy();
  });
  let received = '';
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1');
  });
  await once(socket, 'connect');
  const until = async (text: string): Promise<string> => {
    while (!received.includes(text)) await once(socket, 'data');
    return received;
  };
  return { socket, until };
}

const ask = (method: string, rest: string): string =>
  `${method} rtsp://h/music RTSP/1.0\r\nCSeq: 1\r\n${rest}\r\n`;
const sessionIn = (text: string): string => /^Session: ([^;\r]+)/m.exec(text)?.[1] ?? '';

describe('the RTSP server', () => {
  it('sends frames inside the connection as soon as they are published', async () => {
    const { server, feed, programs } = await stage();
    const { socket, until } = await dial(server.port);
    socket.write(ask('SETUP', 'Transport: RTP/AVP/TCP;interleaved=0-1\r\n'));
    const session = sessionIn(await until('\r\n\r\n'));
    socket.write(ask('PLAY', `Session: ${session}\r\n`));
    await until('RTP-Info');
    feed.frame(PACKET, performance.now());
    expect(await until('\x78\x01\x02\x03')).toContain('$\x00\x00\x10\x80\xe1');
    socket.destroy();
    await once(socket, 'close');
    while (programs.visits > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(programs.program(1)?.listeners).toBe(0);
  });

  it('cuts the connection that met a defect, and no other', async () => {
    const { server, programs } = await stage();
    const [unlucky, other] = [await dial(server.port), await dial(server.port)];
    const find = programs.find.bind(programs);
    programs.find = () => {
      throw new Error('a defect');
    };
    unlucky.socket.write(ask('DESCRIBE', ''));
    await once(unlucky.socket, 'close');
    programs.find = find;
    other.socket.write(ask('DESCRIBE', ''));
    expect(await other.until('v=0')).toContain('RTSP/1.0 200 OK');
    expect(server.counters()).toMatchObject({ defects: 1, connected: 1 });
  });

  it('sends datagrams from the pair of ports that it named', async () => {
    const { server, feed } = await stage();
    const player = createSocket('udp4');
    player.bind(0, '127.0.0.1');
    await once(player, 'listening');
    closers.push(() => {
      player.close();
    });
    const { socket, until } = await dial(server.port);
    const { port } = player.address();
    socket.write(ask('SETUP', `Transport: RTP/AVP;unicast;client_port=${port}-${port}\r\n`));
    const answer = await until('\r\n\r\n');
    const [, rtp, rtcp] = /server_port=(\d+)-(\d+)/.exec(answer) ?? [];
    expect([Number(rtp) % 2, Number(rtcp)]).toEqual([0, Number(rtp) + 1]);
    socket.write(ask('PLAY', `Session: ${sessionIn(answer)}\r\n`));
    await until('RTP-Info');
    const seen = new Set<number>();
    player.on('message', (_, { port: from }) => seen.add(from));
    feed.frame(PACKET, performance.now());
    while (seen.size < 2) await once(player, 'message');
    expect([...seen].sort()).toEqual([Number(rtp), Number(rtcp)]);
  });

  it('ends every connection when it closes', async () => {
    const { server } = await stage();
    const { socket, until } = await dial(server.port);
    socket.write(ask('OPTIONS', ''));
    await until('Public');
    const closed = once(socket, 'close');
    await server.close();
    await closed;
    expect(server.counters()).toMatchObject({ requests: 1, answered: 1, programClosed: 1 });
  });

  it('says that its port is taken, and keeps nothing open then', async () => {
    const { server } = await stage();
    await expect(stage(server.port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('a pair of ports', () => {
  it('is even and odd, and the next where one is taken', async () => {
    const one = await openDatagramPorts('127.0.0.1', 0);
    const other = await openDatagramPorts('127.0.0.1', one?.pair.rtp ?? 0);
    closers.push(async () => {
      await one?.close();
      await other?.close();
    });
    expect((one?.pair.rtp ?? 1) % 2).toBe(0);
    expect(one?.pair.rtcp).toBe((one?.pair.rtp ?? 0) + 1);
    expect(other?.pair.rtp).toBeGreaterThan(one?.pair.rtp ?? 0);
  });

  it('shows addresses of IPv4 as they are', () => {
    expect(['::ffff:192.0.2.1', '192.0.2.1', '::1', '::ffff:1'].map(plainAddress)).toEqual([
      '192.0.2.1',
      '192.0.2.1',
      '::1',
      '::ffff:1',
    ]);
  });
});
