import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { RelayCertificate } from './certificate.ts';
import type { ListenFailure, VoiceSocketChoice } from './relay-protocol.ts';
import { openVoiceSocket } from './udp/open-voice-socket.ts';
import type { VoiceSocket } from './udp/voice-socket.ts';

/** Both doors of a relay, open on one port number. */
export interface ListeningSockets {
  readonly voice: VoiceSocket;
  /** Why voice does not take the native addon: the end of a sentence that begins with "because". Null: it does, or need not. */
  readonly whyNotBatched: string | null;
  readonly tcp: Server;
  readonly port: number;
}

export class ListenError extends Error {
  readonly failure: ListenFailure;

  constructor(failure: ListenFailure, detail: string) {
    super(detail);
    this.failure = failure;
  }
}

/** A free TCP port whose UDP twin is taken is given back and another asked for, this often. */
const MAX_PORT_ATTEMPTS = 16;

/** TLS handshake, and after it the request for a WebSocket, each, in ms: slow round trips, not patience. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** How often requests that do not come are looked for, in ms. */
const CHECK_INTERVAL_MS = 2_000;

/** Answers a request for anything but a WebSocket: a browser on the relay's port gets a sentence. */
function answerPlainRequest(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(426, { connection: 'close', 'content-type': 'text/plain; charset=utf-8' });
  response.end('This is a room of Sidetone. Open its invite link in Sidetone to enter.\n');
}

function toListenError(error: unknown): ListenError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const detail = error instanceof Error ? error.message : String(error);
  if (code === 'EADDRINUSE') return new ListenError('portInUse', detail);
  if (code === 'EACCES') return new ListenError('portForbidden', detail);
  return new ListenError('socketFailed', detail);
}

function bindTcp(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

async function listenOnce(
  certificate: RelayCertificate,
  port: number,
  ipv6: boolean,
  choice: VoiceSocketChoice,
): Promise<ListeningSockets> {
  const host = ipv6 ? '::' : '0.0.0.0';
  const tcp = createServer(
    {
      cert: certificate.certificatePem,
      key: certificate.keyPem,
      minVersion: 'TLSv1.3',
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      headersTimeout: HANDSHAKE_TIMEOUT_MS,
      requestTimeout: HANDSHAKE_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
    },
    answerPlainRequest,
  );
  const bound = await bindTcp(tcp, port, host);
  try {
    const { voiceSocket: kind, senderThreads } = choice;
    const { socket: voice, whyNotBatched } = await openVoiceSocket({
      kind,
      senderThreads,
      port: bound,
      ipv6,
    });
    return { voice, whyNotBatched, tcp, port: bound };
  } catch (error) {
    tcp.close();
    throw error;
  }
}

/**
 * Opens TCP and UDP on one port number, for IPv6 and IPv4 together; for IPv4 alone where the machine has no IPv6.
 *
 * @param port 0: any number that is free for both
 * @throws ListenError
 */
export async function listen(
  certificate: RelayCertificate,
  port: number,
  choice: VoiceSocketChoice = { voiceSocket: 'auto', senderThreads: 0 },
): Promise<ListeningSockets> {
  let ipv6 = true;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listenOnce(certificate, port, ipv6, choice);
    } catch (error) {
      const failure = toListenError(error);
      if (ipv6 && failure.failure === 'socketFailed') ipv6 = false;
      else if (port !== 0 || failure.failure !== 'portInUse' || attempt >= MAX_PORT_ATTEMPTS) throw failure;
    }
  }
}
