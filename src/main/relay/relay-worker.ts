import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../core/base/assert.ts';
import { DatabaseError } from '../base/sqlite/database-error.ts';
import { preferThisThread } from '../base/thread-priority.ts';
import { CertificateError, loadOrCreateCertificate } from './certificate.ts';
import { ListenError, listen } from './listen.ts';
import { RelayDatabase } from './relay-database.ts';
import type { RelayCommand, RelayEvent, RelayWorkerData, StartFailure } from './relay-protocol.ts';
import { RelayServer } from './relay-server.ts';

const COUNTERS_INTERVAL_MS = 1_000;

assert(parentPort !== null, 'the embedded relay is a worker thread');
const port = parentPort;
preferThisThread();

function send(event: RelayEvent): void {
  port.postMessage(event);
}

/** Order matters: nobody can connect before the database is checked and up to date. */
async function openDoors(data: RelayWorkerData, database: RelayDatabase): Promise<void> {
  const snapshot = database.snapshot(data.channels);
  const certificate = await loadOrCreateCertificate(data.folder);
  const sockets = await listen(certificate, data.port);
  const { roomName, maxMembers, ownerIdentity } = data;
  const server = new RelayServer({ sockets, snapshot, store: database, roomName, maxMembers, ownerIdentity });
  const timer = setInterval(() => {
    const counters = server.counters();
    for (const [table, count] of Object.entries(database.droppedRows))
      counters[`droppedRows.${table}`] = count;
    send({ kind: 'counters', counters });
  }, COUNTERS_INTERVAL_MS);
  port.on('message', (command: RelayCommand) => {
    clearInterval(timer);
    void server.close(command.reason).then(() => {
      database.close();
      send({ kind: 'stopped' });
      port.close();
    });
  });
  send({ kind: 'listening', port: sockets.port, certificateSha256: certificate.sha256 });
}

async function start(data: RelayWorkerData): Promise<void> {
  const { databasePath, migrationsFolder } = data;
  const database = new RelayDatabase({ path: databasePath, migrationsFolder });
  try {
    await openDoors(data, database);
  } catch (error) {
    database.close();
    throw error;
  }
}

function failureOf(error: unknown): StartFailure {
  if (error instanceof ListenError) return error.failure;
  if (error instanceof DatabaseError) return 'databaseFailed';
  return error instanceof CertificateError ? 'certificateFailed' : 'failed';
}

start(workerData as RelayWorkerData).catch((error: unknown) => {
  const detail = error instanceof Error ? error.message : String(error);
  send({ kind: 'failed', failure: failureOf(error), detail });
  port.close();
});
