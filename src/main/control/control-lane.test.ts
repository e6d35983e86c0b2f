import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createPlainServer } from 'node:net';
import { TLSSocket } from 'node:tls';
import 'reflect-metadata';
import { PemConverter, X509CertificateGenerator } from '@peculiar/x509';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { LOGIN_EXPORTER_LABEL } from '../../core/wire/login.ts';
import { ControlLane, type LaneFacts, type LaneFailure } from './control-lane.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface Server {
  readonly port: number;
  readonly upgrades: string[];
  /** What the server took out of each TLS connection. */
  readonly exporters: Buffer[];
}

async function startServer(): Promise<Server> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=test',
    signingAlgorithm: algorithm,
    keys,
  });
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  const server = createServer({ cert: certificate.toString('pem'), key, minVersion: 'TLSv1.3' });
  const webSockets = new WebSocketServer({ server });
  const upgrades: string[] = [];
  server.on('upgrade', (request) => upgrades.push(request.url ?? ''));
  const exporters: Buffer[] = [];
  webSockets.on('connection', (socket, request) => {
    if (request.socket instanceof TLSSocket)
      exporters.push(request.socket.exportKeyingMaterial(32, LOGIN_EXPORTER_LABEL, Buffer.alloc(0)));
    socket.on('message', (bytes, isBinary) => {
      if (isBinary) socket.send(bytes);
      else socket.send(`heard ${String(bytes)}`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    for (const client of webSockets.clients) client.terminate();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, upgrades, exporters };
}

interface Watched {
  lane: ControlLane;
  opened: Promise<LaneFacts>;
  message: Promise<string>;
  datagram: Promise<Uint8Array>;
  closed: Promise<LaneFailure>;
}

function openLane(host: string, port: number, accept: (sha256: string) => boolean): Watched {
  let lane: ControlLane | null = null;
  let message: (text: string) => void = () => undefined;
  let closed: (failure: LaneFailure) => void = () => undefined;
  const messagePromise = new Promise<string>((resolve) => {
    message = resolve;
  });
  let datagram: (bytes: Uint8Array) => void = () => undefined;
  const datagramPromise = new Promise<Uint8Array>((resolve) => {
    datagram = resolve;
  });
  const closedPromise = new Promise<LaneFailure>((resolve) => {
    closed = resolve;
  });
  const opened = new Promise<LaneFacts>((resolve) => {
    lane = new ControlLane({
      host,
      port,
      acceptCertificate: accept,
      onDidOpen: resolve,
      onMessage: message,
      onDatagram: datagram,
      onDidClose: closed,
    });
  });
  if (lane === null) throw new Error('no lane');
  const created: ControlLane = lane;
  closers.push(() => created.close());
  return {
    lane: created,
    opened,
    message: messagePromise,
    datagram: datagramPromise,
    closed: closedPromise,
  };
}

describe('ControlLane', () => {
  it('opens, sends and hears', async () => {
    const { port } = await startServer();
    let shown = '';
    const { lane, opened, message } = openLane('127.0.0.1', port, (sha256) => {
      shown = sha256;
      return true;
    });
    expect((await opened).remoteAddress).toBe('127.0.0.1');
    lane.send('hello');
    expect(await message).toBe('heard hello');
    expect(shown).toMatch(/^[\w-]{43}$/);
  });

  it('takes the same secret out of the TLS connection as the other end, and another out of each', async () => {
    const { port, exporters } = await startServer();
    const first = await openLane('127.0.0.1', port, () => true).opened;
    const second = await openLane('127.0.0.1', port, () => true).opened;
    expect(Buffer.from(first.exporter)).toEqual(exporters[0]);
    expect(Buffer.from(second.exporter)).toEqual(exporters[1]);
    expect(first.exporter).not.toEqual(second.exporter);
  });

  it('carries datagrams as binary messages', async () => {
    const { port } = await startServer();
    const { lane, opened, datagram } = openLane('127.0.0.1', port, () => true);
    await opened;
    lane.sendDatagram(Uint8Array.of(1, 2, 3));
    expect([...(await datagram)]).toEqual([1, 2, 3]);
  });

  it('sends nothing to a relay whose certificate is refused', async () => {
    const { port, upgrades } = await startServer();
    const { closed } = openLane('127.0.0.1', port, () => false);
    expect(await closed).toBe('certificate');
    expect(upgrades).toEqual([]);
  });

  it('tells nobody there from an unknown name', async () => {
    const { port } = await startServer();
    closers.splice(0).forEach((close) => {
      close();
    });
    expect(await openLane('127.0.0.1', port, () => true).closed).toBe('refused');
    expect(await openLane('no-such-host.invalid', 48480, () => true).closed).toBe('nameNotFound');
  });

  it('reports a peer that hangs up instead of speaking TLS', async () => {
    const plain = createPlainServer((socket) => socket.end('SSH-2.0-something\r\n'));
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    closers.push(() => plain.close());
    const { closed } = openLane('127.0.0.1', (plain.address() as AddressInfo).port, () => true);
    expect(['closed', 'unreachable']).toContain(await closed);
  });
});
