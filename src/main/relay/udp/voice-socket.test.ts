import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createRng } from '../../../core/base/rng.ts';
import { packAddress, sameAddress, unpackAddress } from '../../../core/relay/packed-address.ts';
import { openVoiceSocket, type VoiceSocketOptions } from './open-voice-socket.ts';
import { Peer, packAll } from './peer-rig.ts';
import { MAX_RECEIVED_BYTES } from './socket-limits.ts';
import type { VoiceSocket } from './voice-socket.ts';

/** A missing addon is a failure here: the project builds it where it is installed. */
const kinds: [string, Pick<VoiceSocketOptions, 'kind' | 'senderThreads'>][] = [
  ['dgram', { kind: 'dgram' }],
  ...(process.platform === 'linux'
    ? ([
        ['batched', { kind: 'batched' }],
        ['batched with two sender threads', { kind: 'batched', senderThreads: 2 }],
      ] satisfies [string, Pick<VoiceSocketOptions, 'kind' | 'senderThreads'>][])
    : []),
];

vi.setConfig({ testTimeout: 15_000 });

/** A machine that others use can be away for a second. */
function eventually(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 10_000, interval: 5 });
}

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function openSocket(
  options: Pick<VoiceSocketOptions, 'kind' | 'senderThreads'>,
  ipv6 = false,
): Promise<VoiceSocket> {
  const { socket } = await openVoiceSocket({ ...options, port: 0, ipv6 });
  closers.push(() => socket.close());
  return socket;
}

async function openPeers(count: number, ipv6 = false): Promise<Peer[]> {
  const peers = await Promise.all(Array.from({ length: count }, () => Peer.open(ipv6)));
  for (const peer of peers) closers.push(() => peer.close());
  return peers;
}

/** Sends what comes to all peers but the one it came from, as the relay does. */
function forwardAll(socket: VoiceSocket, peers: readonly Peer[]): void {
  const addresses = packAll(peers);
  socket.start((bytes, lengthBytes, source) => {
    const from = peers.findIndex((peer) => sameAddress(peer.record, source));
    socket.fanOut(bytes, lengthBytes, addresses, peers.length, from);
  });
}

function hasIPv6(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp6');
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind(0, '::1', () => {
      socket.close();
      resolve(true);
    });
  });
}

const machineHasIPv6 = await hasIPv6();
const encoder = new TextEncoder();

describe.each(kinds)('%s', (_name, options) => {
  it('says what it is and where it listens', async () => {
    const socket = await openSocket(options);
    expect(socket.kind).toBe(options.kind);
    expect(socket.port).toBeGreaterThan(0);
  });

  it('gives each datagram with its length and source', async () => {
    const socket = await openSocket(options);
    const [peer] = await openPeers(1);
    const seen: [string, string][] = [];
    socket.start((bytes, lengthBytes, source) => {
      const { address, port } = unpackAddress(source.slice());
      seen.push([new TextDecoder().decode(bytes.subarray(0, lengthBytes)), `${address} ${port}`]);
    });
    for (const text of ['one', '', 'three']) peer?.send(text, socket.port);
    await eventually(() => expect(seen).toHaveLength(3));
    const { address, port } = unpackAddress(peer?.record ?? new Uint8Array());
    expect(seen).toEqual(['one', '', 'three'].map((text) => [text, `${address} ${port}`]));
  });

  it('keeps the order of each sender, whatever the lengths, and skips the speaker', async () => {
    const socket = await openSocket(options);
    const peers = await openPeers(6);
    forwardAll(socket, peers);
    const rng = createRng(5);
    const rounds = 40;
    for (let round = 0; round < rounds; round += 1) {
      for (const [at, peer] of peers.entries()) {
        const padding = 'x'.repeat(Math.floor(rng.next() * 4) * Math.floor(rng.next() * 30));
        peer.send(`${at} ${round} ${padding}`, socket.port);
      }
    }
    await eventually(() => {
      for (const peer of peers) expect(peer.got).toHaveLength(rounds * (peers.length - 1));
    });
    for (const [at, peer] of peers.entries()) {
      const got = peer.texts().map((text) => text.split(' '));
      expect(got.some(([from]) => from === String(at))).toBe(false);
      for (let from = 0; from < peers.length; from += 1) {
        if (from === at) continue;
        const order = got.filter(([sender]) => sender === String(from)).map(([, round]) => Number(round));
        expect(order).toEqual(Array.from({ length: rounds }, (_, round) => round));
      }
    }
    const copies = rounds * peers.length * (peers.length - 1);
    await eventually(() => expect(socket.counters().udpSent).toBe(copies));
    const counters = socket.counters();
    expect(counters.udpReceived).toBe(rounds * peers.length);
    expect(counters.udpSendPackets).toBeLessThanOrEqual(copies);
    expect(counters.udpSendBufferFull + counters.udpSendFailed + counters.udpKernelDrops).toBe(0);
  });

  it('sends what nobody sent to it: to all, to some, to one, to none', async () => {
    const socket = await openSocket(options);
    const peers = await openPeers(3);
    const addresses = packAll(peers);
    const bytes = encoder.encode('hello');
    socket.fanOut(bytes, 5, addresses, 3, -1);
    socket.fanOut(bytes, 4, addresses, 2, 0);
    socket.fanOut(bytes, 3, addresses, 0, -1);
    socket.send(bytes, 0, peers[2]?.record ?? addresses);
    // The bytes are the caller's again.
    bytes.fill(0x7a);
    await eventually(() => {
      expect(peers.map((peer) => peer.texts())).toEqual([['hello'], ['hello', 'hell'], ['hello', '']]);
    });
    await eventually(() => expect(socket.counters().udpSent).toBe(5));
  });

  it('hands on what has the longest length, and counts and drops what is longer', async () => {
    const socket = await openSocket(options);
    const [peer] = await openPeers(1);
    const lengths: number[] = [];
    socket.start((_bytes, lengthBytes) => lengths.push(lengthBytes));
    const sent = [1200, MAX_RECEIVED_BYTES - 1, MAX_RECEIVED_BYTES, MAX_RECEIVED_BYTES + 1, 60_000, 7];
    for (const length of sent) peer?.send(new Uint8Array(length), socket.port);
    await eventually(() => expect(socket.counters().udpReceived).toBe(sent.length));
    expect(lengths).toEqual([1200, MAX_RECEIVED_BYTES - 1, MAX_RECEIVED_BYTES, 7]);
    expect(socket.counters().udpTooLong).toBe(2);
  });

  it('forwards long datagrams and empty ones as they are', async () => {
    const socket = await openSocket(options);
    const peers = await openPeers(4);
    forwardAll(socket, peers);
    const lengths = [1200, 0, 1200, 1199, 0, 1];
    for (const length of lengths) peers[0]?.send(new Uint8Array(length), socket.port);
    await eventually(() => {
      for (const peer of peers.slice(1)) expect(peer.got.map((bytes) => bytes.length)).toEqual(lengths);
    });
  });

  it('reaches the others when a peer is gone', async () => {
    const socket = await openSocket(options);
    const peers = await openPeers(5);
    forwardAll(socket, peers);
    await peers[3]?.close();
    closers.splice(closers.length - 2, 1);
    for (let round = 0; round < 50; round += 1) {
      peers[0]?.send(`${round}`, socket.port);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const expected = Array.from({ length: 50 }, (_, round) => `${round}`);
    await eventually(() => {
      for (const at of [1, 2, 4]) expect(peers[at]?.texts()).toEqual(expected);
      // Asked for = sent + left out; what the network answers comes on top.
      expect(socket.counters().udpSent + socket.counters().udpSendFailed).toBe(200);
    });
    if (options.kind === 'batched') {
      await eventually(() => expect(socket.counters().udpIcmpErrors).toBeGreaterThan(0));
    }
  });

  it('counts what cannot be sent anywhere', async () => {
    const socket = await openSocket(options);
    const [peer] = await openPeers(1);
    const bytes = encoder.encode('x');
    // Port 0 is nobody's.
    socket.send(bytes, 1, packAddress('127.0.0.1', 0));
    if (peer !== undefined) socket.send(bytes, 1, peer.record);
    await eventually(() => expect(peer?.texts()).toEqual(['x']));
    await eventually(() => expect(socket.counters()).toMatchObject({ udpSent: 1, udpSendFailed: 1 }));
  });

  it('has its port for itself, and gives it back', async () => {
    const socket = await openSocket(options);
    const { port } = socket;
    for (const kind of ['dgram', options.kind] as const) {
      await expect(openVoiceSocket({ kind, port, ipv6: false })).rejects.toMatchObject({
        code: 'EADDRINUSE',
      });
    }
    await socket.close();
    await socket.close();
    const again = await openVoiceSocket({ ...options, port, ipv6: false });
    closers.push(() => again.socket.close());
    expect(again.socket.port).toBe(port);
  });

  it('does nothing more once it is closed', async () => {
    const socket = await openSocket(options);
    const [peer] = await openPeers(1);
    socket.start(() => {
      throw new Error('it is closed');
    });
    await socket.close();
    socket.send(encoder.encode('x'), 1, peer?.record ?? new Uint8Array());
    peer?.send('x', socket.port);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(peer?.got).toEqual([]);
    expect(socket.counters().udpSent).toBe(0);
  });

  it('may be closed by its handler, and sends what that one had sent before', async () => {
    const socket = await openSocket(options);
    const peers = await openPeers(2);
    const addresses = packAll(peers);
    let calls = 0;
    socket.start((bytes, lengthBytes) => {
      calls += 1;
      if (calls > 1) return;
      socket.fanOut(bytes, lengthBytes, addresses, 2, -1);
      void socket.close();
    });
    peers[0]?.send('last', socket.port);
    // Threads that were told to end may leave out what they had not begun.
    if (options.senderThreads === undefined) {
      await eventually(() => expect(peers.map((peer) => peer.texts())).toEqual([['last'], ['last']]));
    } else {
      await eventually(() => expect(calls).toBe(1));
      await new Promise((resolve) => setTimeout(resolve, 30));
      const { udpSent, udpSendBufferFull } = socket.counters();
      expect(udpSent + udpSendBufferFull).toBeLessThanOrEqual(2);
    }
  });

  it('refuses to send more than it was given', async () => {
    const socket = await openSocket(options);
    const [peer] = await openPeers(1);
    const record = peer?.record ?? new Uint8Array();
    expect(() => socket.send(new Uint8Array(4), 5, record)).toThrow();
    expect(() => socket.fanOut(new Uint8Array(4), 4, record, 2, -1)).toThrow();
    expect(socket.counters().udpSent).toBe(0);
  });

  it.runIf(machineHasIPv6)('speaks IPv6 and IPv4 on one port', async () => {
    const socket = await openSocket(options, true);
    const peers = [...(await openPeers(2, true)), ...(await openPeers(2))];
    forwardAll(socket, peers);
    const texts = ['a', 'b', 'c', 'd'];
    for (const [at, peer] of peers.entries()) peer.send(texts[at] ?? '', socket.port);
    await eventually(() => {
      for (const [at, peer] of peers.entries()) {
        expect(peer.texts().toSorted()).toEqual(texts.filter((_, from) => from !== at));
      }
    });
    expect(socket.counters().udpSendFailed).toBe(0);
  });
});

describe.runIf(process.platform === 'linux')('batched', () => {
  it('sends what came together as fewer packets, which arrive as the datagrams they were', async () => {
    const socket = await openSocket({ kind: 'batched' });
    const peers = await openPeers(12);
    // All arrives before the socket looks: one batch.
    for (const [at, peer] of peers.entries()) peer.send(`${at}`.padEnd(20 + (at % 2), '.'), socket.port);
    await new Promise((resolve) => setTimeout(resolve, 50));
    forwardAll(socket, peers);
    await eventually(() => {
      for (const peer of peers) expect(peer.got).toHaveLength(11);
    });
    for (const [at, peer] of peers.entries()) {
      const expected = peers.map((_, from) => `${from}`.padEnd(20 + (from % 2), '.'));
      expect(peer.texts().toSorted()).toEqual(expected.filter((_, from) => from !== at).toSorted());
    }
    const counters = socket.counters();
    expect(counters.udpReceiveCalls).toBe(1);
    expect(counters.udpSent).toBe(132);
    // Two lengths: one packet of the longer with a shorter one at its end, one of the other shorter ones.
    expect(counters.udpSendPackets).toBe(24);
  });

  it('counts what the kernel dropped because nobody took it', async () => {
    const socket = await openSocket({ kind: 'batched' });
    const [peer] = await openPeers(1);
    const bytes = new Uint8Array(1200);
    const flood = 6_000;
    for (let sent = 0; sent < flood; sent += 1) peer?.send(bytes, socket.port);
    await new Promise((resolve) => setTimeout(resolve, 200));
    socket.start(() => {});
    let received = -1;
    while (received !== socket.counters().udpReceived) {
      received = socket.counters().udpReceived;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // The kernel tells with the next datagram that it takes.
    peer?.send('x', socket.port);
    await eventually(() => {
      const { udpReceived, udpKernelDrops } = socket.counters();
      expect(udpKernelDrops).toBeGreaterThan(0);
      expect(udpReceived + udpKernelDrops).toBe(flood + 1);
    });
  });

  it('counts what its sender threads have no room for, and every copy', async () => {
    const socket = await openSocket({ kind: 'batched', senderThreads: 1 });
    const [peer] = await openPeers(1);
    const addresses = packAll(Array.from({ length: 500 }, () => peer).filter((each) => each !== undefined));
    const bytes = new Uint8Array(100);
    const rounds = 400;
    for (let round = 0; round < rounds; round += 1) socket.fanOut(bytes, 100, addresses, 500, -1);
    await eventually(() => {
      const { udpSent, udpSendBufferFull, udpSendFailed } = socket.counters();
      expect(udpSent + udpSendBufferFull + udpSendFailed).toBe(rounds * 500);
      expect(udpSendBufferFull).toBeGreaterThan(0);
    });
  });

  it('fans out to more than one list of the addon holds', async () => {
    const socket = await openSocket({ kind: 'batched' });
    const peers = await openPeers(3);
    const many = Array.from({ length: 5_000 }, (_, at) => peers[at % 3]).filter((peer) => peer !== undefined);
    socket.fanOut(new Uint8Array(20), 20, packAll(many), many.length, 4_999);
    await eventually(() => expect(socket.counters().udpSent).toBe(4_999));
    const got = (): number => peers.reduce((sum, peer) => sum + peer.got.length, 0);
    // A receiver that cannot keep up loses some; none gets more than was sent.
    await eventually(() => expect(got()).toBeGreaterThan(0));
    expect(got()).toBeLessThanOrEqual(4_999);
  });
});

describe('openVoiceSocket', () => {
  it.runIf(process.platform === 'linux')('takes the addon where it can be had', async () => {
    const { socket, whyNotBatched } = await openVoiceSocket({ kind: 'auto', port: 0, ipv6: false });
    closers.push(() => socket.close());
    expect(whyNotBatched).toBeNull();
    expect(socket.kind).toBe('batched');
  });

  it('takes Node and says why where it cannot', async () => {
    const nativeFolder = `${import.meta.dirname}/nowhere`;
    const { socket, whyNotBatched } = await openVoiceSocket({
      kind: 'auto',
      port: 0,
      ipv6: false,
      nativeFolder,
    });
    closers.push(() => socket.close());
    expect(socket.kind).toBe('dgram');
    expect(whyNotBatched).toMatch(/^the native addon is (not built|for Linux alone)$/);
    await expect(
      openVoiceSocket({ kind: 'batched', port: 0, ipv6: false, nativeFolder }),
    ).rejects.toMatchObject({ code: 'ERR_NO_NATIVE_ADDON' });
  });
});
