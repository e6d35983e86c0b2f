import { parentPort, workerData } from 'node:worker_threads';
import { assert, assertNever } from '../../core/base/assert.ts';
import { DatabaseError } from '../base/sqlite/database-error.ts';
import { preferThisThread } from '../base/thread-priority.ts';
import { AdminAnswerer } from './admin-answerer.ts';
import { CertificateError, loadOrCreateCertificate } from './certificate.ts';
import { ListenError, listen } from './listen.ts';
import { RelayDatabase } from './relay-database.ts';
import type {
  RelayCommand,
  RelayEvent,
  RelayWorkerData,
  StartFailure,
  StopReason,
} from './relay-protocol.ts';
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
  const { voiceSocket = 'auto', senderThreads = 0 } = data;
  const sockets = await listen(certificate, data.port, { voiceSocket, senderThreads });
  const { roomName, maxMembers, ownerIdentity } = data;
  const server = new RelayServer({ sockets, snapshot, store: database, roomName, maxMembers, ownerIdentity });
  const counters = (): Record<string, number> => {
    const counted = server.counters();
    for (const [table, count] of Object.entries(database.droppedRows))
      counted[`droppedRows.${table}`] = count;
    return counted;
  };
  const timer = setInterval(() => send({ kind: 'counters', counters: counters() }), COUNTERS_INTERVAL_MS);
  const admin = new AdminAnswerer(server, database, counters, send);
  const stop = async (reason: StopReason): Promise<void> => {
    clearInterval(timer);
    await server.close(reason);
    database.close();
    send({ kind: 'stopped' });
    port.close();
  };
  port.on('message', (command: RelayCommand) => {
    switch (command.kind) {
      case 'ask':
        void admin.handleQuestion(command.id, command.question);
        return;
      case 'watch':
        admin.handleWatch(command.watching);
        return;
      case 'stop':
        void stop(command.reason);
        return;
      default:
        assertNever(command);
    }
  });
  send({
    kind: 'listening',
    port: sockets.port,
    certificateSha256: certificate.sha256,
    voiceSocket: sockets.voice.kind,
    whyNotBatched: sockets.whyNotBatched,
  });
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
