import { Worker } from 'node:worker_threads';
import { assertNever } from '../../core/base/assert.ts';
import type { ListenFailure, RelayCommand, RelayEvent, RelayWorkerData } from './relay-protocol.ts';

export interface RelayHostOptions extends RelayWorkerData {
  readonly workerPath: string;
  readonly onCounters: (counters: Record<string, number>) => void;
  /** The relay died while it was running. */
  readonly onDidDie: (reason: string) => void;
}

export interface RunningRelay {
  readonly port: number;
  readonly certificateSha256: string;
  /** Tells the members, closes both doors, ends the thread. */
  stop(): Promise<void>;
}

export type RelayStart = { ok: true; relay: RunningRelay } | { ok: false; sentence: string };

/** A relay that does not say farewell within this time is ended, in ms. */
const STOP_LIMIT_MS = 3_000;

function listenSentence(failure: ListenFailure, port: number, detail: string): string {
  switch (failure) {
    case 'portInUse':
      return `Port ${port} is taken on this machine, perhaps by another room. Stop that one, or choose another port.`;
    case 'portForbidden':
      return `This machine does not let you use port ${port}. Choose one above 1023.`;
    case 'certificateFailed':
      return `The room's certificate could not be made or read: ${detail}`;
    case 'socketFailed':
      return `The room could not be opened on port ${port}: ${detail}`;
    default:
      return assertNever(failure);
  }
}

/** Starts the embedded relay in a thread of its own and waits until both its doors are open. */
export function startRelay(options: RelayHostOptions): Promise<RelayStart> {
  const { workerPath, onCounters, onDidDie, ...workerData } = options;
  const worker = new Worker(workerPath, { workerData });
  let running = false;
  let stopping = false;

  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    stopping = true;
    const command: RelayCommand = { kind: 'stop' };
    worker.postMessage(command);
    const limit = setTimeout(() => void worker.terminate(), STOP_LIMIT_MS);
    await ended;
    clearTimeout(limit);
  };

  return new Promise((resolve) => {
    worker.on('message', (event: RelayEvent) => {
      if (event.kind === 'counters') onCounters(event.counters);
      if (event.kind === 'failed') {
        resolve({ ok: false, sentence: listenSentence(event.failure, options.port, event.detail) });
      }
      if (event.kind !== 'listening') return;
      running = true;
      const { port, certificateSha256 } = event;
      resolve({ ok: true, relay: { port, certificateSha256, stop } });
    });
    worker.on('error', (error) => {
      const reason = error instanceof Error ? error.message : String(error);
      if (running && !stopping) onDidDie(reason);
      else resolve({ ok: false, sentence: listenSentence('socketFailed', options.port, reason) });
    });
  });
}
