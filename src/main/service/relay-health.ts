import { rmSync } from 'node:fs';
import { createServer, request as httpRequest, type RequestOptions, type Server } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import type { RelayConfig } from './relay-config.ts';

/** Where health is asked for: the path of the admin server, and of the socket that stands in for it. */
const READY_PATH = '/ready';

/** Longest wait for an answer, in ms. */
const MAX_ANSWER_MS = 3_000;

/** Longest path of a UNIX socket, in bytes (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;

/** An answer is a sentence; what is longer is none of ours. */
const MAX_ANSWER_LENGTH = 4_096;

const LISTENING_FAILS = 'Its channels cannot be listened to from outside: the dashboard says why.';

export interface Health {
  readonly ready: boolean;
  readonly sentence: string;
}

/** A room that is well: listening is beside it, and no reason to start the room again. */
export function readySentence(listeningFails: boolean): string {
  const room = 'The room is open and answers.';
  return listeningFails ? `${room} ${LISTENING_FAILS}` : room;
}

/** Whether an answer says that listening fails: that of the admin page, or the sentence of the socket. */
function tellsOfFailing(body: string): boolean {
  return body.includes('"listening":"failing"') || body.includes(LISTENING_FAILS);
}

/** The socket in a data folder that answers where there is no admin page; a named pipe on Windows. */
export function healthSocketPath(folder: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return `\\\\.\\pipe\\sidetone-${Buffer.from(folder).toString('base64url')}`;
  return join(folder, 'health.sock');
}

/**
 * Answers whether the relay is well, for processes of the same user.
 *
 * @throws Error when the socket cannot be made
 */
export async function serveHealth(path: string, health: () => Promise<Health>): Promise<() => Promise<void>> {
  if (process.platform !== 'win32') {
    if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES)
      throw new Error('the path of the data folder is too long');
    // Left by one that was killed; whoever runs with this folder holds its database.
    rmSync(path, { force: true });
  }
  const server: Server = createServer((request, response) => {
    if (request.url !== READY_PATH) {
      response.writeHead(404).end();
      return;
    }
    void health().then(({ ready, sentence }) => {
      response.writeHead(ready ? 200 : 503, {
        'content-type': 'text/plain; charset=utf-8',
        connection: 'close',
      });
      response.end(`${sentence}\n`);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, resolve);
  });
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}

/** How to ask a relay. */
interface HealthTarget {
  readonly send: typeof httpRequest | typeof httpsRequest;
  readonly options: RequestOptions;
}

/** Addresses that mean "all of this machine" when listening, and what to ask instead. */
const ANY_ADDRESS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Where the relay of these settings answers: at its admin page, else at its socket. */
export function healthTarget(config: RelayConfig): HealthTarget {
  if (!config.admin)
    return { send: httpRequest, options: { socketPath: healthSocketPath(config.data_folder) } };
  const options = { host: ANY_ADDRESS[config.admin_host] ?? config.admin_host, port: config.admin_port };
  if (config.tls_certificate === undefined) return { send: httpRequest, options };
  // Its certificate is for the name others know it by; nothing is told, so nothing is lost to a stranger.
  return { send: httpsRequest, options: { ...options, rejectUnauthorized: false } as RequestOptions };
}

/** Asks a relay how it is. Never rejects. */
export function askHealth({ send, options }: HealthTarget): Promise<Health> {
  return new Promise((resolve) => {
    const request = send({ ...options, path: READY_PATH, timeout: MAX_ANSWER_MS }, (response) => {
      const ready = response.statusCode === 200;
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        if (body.length < MAX_ANSWER_LENGTH) body += text;
      });
      response.on('close', () => {
        const sentence = ready
          ? readySentence(tellsOfFailing(body))
          : 'The room runs, but it does not answer.';
        resolve({ ready, sentence });
      });
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', (error) => {
      const refused = 'code' in error && (error.code === 'ECONNREFUSED' || error.code === 'ENOENT');
      const sentence = refused ? 'No room runs here.' : `The room could not be asked: ${error.message}.`;
      resolve({ ready: false, sentence });
    });
    request.end();
  });
}
