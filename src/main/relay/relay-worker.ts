import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../core/base/assert.ts';
import { preferThisThread } from '../base/thread-priority.ts';
import { loadOrCreateCertificate } from './certificate.ts';
import { ListenError, listen } from './listen.ts';
import type { RelayCommand, RelayEvent, RelayWorkerData } from './relay-protocol.ts';
import { RelayServer } from './relay-server.ts';

const COUNTERS_INTERVAL_MS = 1_000;

assert(parentPort !== null, 'the embedded relay is a worker thread');
const port = parentPort;
preferThisThread();
const data = workerData as RelayWorkerData;

function send(event: RelayEvent): void {
  port.postMessage(event);
}

async function start(): Promise<void> {
  const certificate = await loadOrCreateCertificate(data.folder).catch((error: unknown) => {
    throw new ListenError('certificateFailed', String(error));
  });
  const sockets = await listen(certificate, data.port);
  const server = new RelayServer({ sockets, ...data });
  const timer = setInterval(
    () => send({ kind: 'counters', counters: server.counters() }),
    COUNTERS_INTERVAL_MS,
  );
  port.on('message', (command: RelayCommand) => {
    if (command.kind !== 'stop') return;
    clearInterval(timer);
    void server.close().then(() => {
      send({ kind: 'stopped' });
      port.close();
    });
  });
  send({ kind: 'listening', port: sockets.port, certificateSha256: certificate.sha256 });
}

start().catch((error: unknown) => {
  const failure = error instanceof ListenError ? error.failure : 'socketFailed';
  send({ kind: 'failed', failure, detail: String(error) });
  port.close();
});
