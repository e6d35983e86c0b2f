import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { assertNever } from '../../core/base/assert.ts';
import type { RelayAdmin } from '../../core/relay/admin-port.ts';
import type {
  RelayCommand,
  RelayEvent,
  RelayWorkerData,
  StartFailure,
  StopReason,
} from './relay-protocol.ts';
import { RemoteAdmin } from './remote-admin.ts';
import type { VoiceSocketKind } from './udp/voice-socket.ts';

/** In the relay's folder. */
const RELAY_DATABASE_NAME = 'relay.db';

export interface RelayHostOptions extends Omit<RelayWorkerData, 'databasePath'> {
  readonly workerPath: string;
  readonly onCounters: (counters: Record<string, number>) => void;
  /** The relay died while it was running. */
  readonly onDidDie: (reason: string) => void;
}

export interface RunningRelay {
  readonly port: number;
  readonly certificateSha256: string;
  readonly voiceSocket: VoiceSocketKind;
  /** The end of a sentence that begins with "because"; null: voice takes the native addon, or was not to. */
  readonly whyNotBatched: string | null;
  /** For whoever serves the admin API. */
  readonly admin: RelayAdmin;
  /** Tells the members, closes both doors, ends the thread. `restarting`: they keep their places for the next one. */
  stop(reason: StopReason): Promise<void>;
}

export type RelayStart =
  | { ok: true; relay: RunningRelay }
  | { ok: false; failure: StartFailure; sentence: string };

/** A relay that does not say farewell within this time is ended, in ms. */
const STOP_LIMIT_MS = 3_000;

function failureSentence(failure: StartFailure, port: number, detail: string): string {
  switch (failure) {
    case 'portInUse':
      return `Port ${port} is taken on this machine, perhaps by another room. Stop that one, or choose another port.`;
    case 'portForbidden':
      return `This machine does not let you use port ${port}. Choose one above 1023.`;
    case 'certificateFailed':
    case 'databaseFailed':
      return detail;
    case 'failed':
      return `The room could not be opened: ${detail}`;
    case 'socketFailed':
      return `The room could not be opened on port ${port}: ${detail}`;
    default:
      return assertNever(failure);
  }
}

/** Starts the embedded relay in a thread of its own and waits until both its doors are open. */
export function startRelay(options: RelayHostOptions): Promise<RelayStart> {
  const { workerPath, onCounters, onDidDie, ...rest } = options;
  const workerData: RelayWorkerData = { ...rest, databasePath: join(options.folder, RELAY_DATABASE_NAME) };
  const worker = new Worker(workerPath, { workerData });
  let running = false;
  let stopping = false;

  const send = (command: RelayCommand): void => worker.postMessage(command);
  const admin = new RemoteAdmin(send);
  const ended = new Promise<void>((resolve) =>
    worker.once('exit', () => {
      admin.handleGone();
      resolve();
    }),
  );
  const stop = async (reason: StopReason): Promise<void> => {
    stopping = true;
    send({ kind: 'stop', reason });
    const limit = setTimeout(() => void worker.terminate(), STOP_LIMIT_MS);
    await ended;
    clearTimeout(limit);
  };

  return new Promise((resolve) => {
    worker.on('message', (event: RelayEvent) => {
      if (admin.handleEvent(event)) return;
      if (event.kind === 'counters') onCounters(event.counters);
      if (event.kind === 'failed') {
        const { failure, detail } = event;
        resolve({ ok: false, failure, sentence: failureSentence(failure, options.port, detail) });
      }
      if (event.kind !== 'listening') return;
      running = true;
      const { port, certificateSha256, voiceSocket, whyNotBatched } = event;
      const relay: RunningRelay = { port, certificateSha256, voiceSocket, whyNotBatched, admin, stop };
      resolve({ ok: true, relay });
    });
    worker.on('error', (error) => {
      const reason = error instanceof Error ? error.message : String(error);
      // Its doors and its database are free once the thread has ended.
      if (running && !stopping) void ended.then(() => onDidDie(reason));
      else {
        const sentence = failureSentence('failed', options.port, reason);
        resolve({ ok: false, failure: 'failed', sentence });
      }
    });
  });
}
