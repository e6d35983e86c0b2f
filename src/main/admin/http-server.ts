import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { type SecureContextOptions, Server as TlsServer } from 'node:tls';
import type { CertificatePair } from '../base/certificate-pair.ts';
import { addressKey } from './address-key.ts';
import type { ServiceCounters } from './service-counters.ts';

/** Open connections in all: 32 streams, and what dashboards and collectors ask besides. */
export const MAX_CONNECTIONS = 128;

/** Open connections of one address: a few dashboards of six connections each (browsers open no more per host). */
export const MAX_CONNECTIONS_PER_ADDRESS = 64;

/** Longest request line and headers, in bytes: a token and what browsers add are under 4 KiB. */
const MAX_HEADER_BYTES = 16_384;

/** A request has to be there in whole within this time, in ms; slower ones only hold a connection. */
export const REQUEST_MS = 10_000;

/** A connection where nothing moves is closed after this time, in ms. Streams say something every 15 s. */
const IDLE_MS = 60_000;

/** A connection that was answered waits for the next request for so long, in ms. */
const KEEP_ALIVE_MS = 5_000;

type ConnectionCounters = Pick<ServiceCounters, 'connectionsTooMany' | 'connectionsTooManyFromAddress'>;

/** The server beneath fastify, bounded before a request costs anything. `shared`: a proxy stands between, so all come from its address. */
export function createHttpServer(
  handler: RequestListener,
  tls: CertificatePair | null,
  shared: boolean,
  counters: ConnectionCounters,
): Server {
  const options: ServerOptions = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: REQUEST_MS,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: 1_000,
  };
  const server: Server =
    tls === null
      ? createServer(options, handler)
      : createTlsServer(
          {
            ...options,
            ...secured(tls),
            handshakeTimeout: REQUEST_MS,
          },
          handler,
        );
  server.timeout = IDLE_MS;
  server.maxConnections = MAX_CONNECTIONS;
  server.on('drop', () => {
    counters.connectionsTooMany += 1;
  });
  if (!shared) boundPerAddress(server, counters);
  return server;
}

function secured({ certificatePem: cert, keyPem: key }: CertificatePair): SecureContextOptions {
  return { cert, key, minVersion: 'TLSv1.3' };
}

/** Those who connect from now on are shown another certificate. @throws Error where it is none, or not its key */
export function renewTls(server: Server | TlsServer, certificate: CertificatePair): void {
  if (server instanceof TlsServer) server.setSecureContext(secured(certificate));
}

function boundPerAddress(server: Server, counters: ConnectionCounters): void {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const key = addressKey(socket.remoteAddress ?? '');
    const count = open.get(key) ?? 0;
    if (count >= MAX_CONNECTIONS_PER_ADDRESS) {
      counters.connectionsTooManyFromAddress += 1;
      socket.destroy();
      return;
    }
    open.set(key, count + 1);
    socket.once('close', () => {
      const left = (open.get(key) ?? 1) - 1;
      if (left > 0) open.set(key, left);
      else open.delete(key);
    });
  });
}
