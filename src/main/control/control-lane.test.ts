import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createPlainServer } from 'node:net';
import 'reflect-metadata';
import { PemConverter, X509CertificateGenerator } from '@peculiar/x509';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { ControlLane, type LaneFailure } from './control-lane.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function startServer(): Promise<{ port: number; upgrades: string[] }> {
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
  webSockets.on('connection', (socket) =>
    socket.on('message', (text) => socket.send(`heard ${String(text)}`)),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    for (const client of webSockets.clients) client.terminate();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, upgrades };
}

interface Watched {
  lane: ControlLane;
  opened: Promise<string>;
  message: Promise<string>;
  closed: Promise<LaneFailure>;
}

function openLane(host: string, port: number, accept: (sha256: string) => boolean): Watched {
  let lane: ControlLane | null = null;
  let message: (text: string) => void = () => undefined;
  let closed: (failure: LaneFailure) => void = () => undefined;
  const messagePromise = new Promise<string>((resolve) => {
    message = resolve;
  });
  const closedPromise = new Promise<LaneFailure>((resolve) => {
    closed = resolve;
  });
  const opened = new Promise<string>((resolve) => {
    lane = new ControlLane({
      host,
      port,
      acceptCertificate: accept,
      onDidOpen: resolve,
      onMessage: message,
      onDidClose: closed,
    });
  });
  if (lane === null) throw new Error('no lane');
  const created: ControlLane = lane;
  closers.push(() => created.close());
  return { lane: created, opened, message: messagePromise, closed: closedPromise };
}

describe('ControlLane', () => {
  it('opens, sends and hears', async () => {
    const { port } = await startServer();
    let shown = '';
    const { lane, opened, message } = openLane('127.0.0.1', port, (sha256) => {
      shown = sha256;
      return true;
    });
    expect(await opened).toBe('127.0.0.1');
    lane.send('hello');
    expect(await message).toBe('heard hello');
    expect(shown).toMatch(/^[\w-]{43}$/);
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
