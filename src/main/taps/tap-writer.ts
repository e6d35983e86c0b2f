import { statfsSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../core/base/assert.ts';
import { Recording } from './recording.ts';
import type { TapCommand, TapEvent, TapWriterData } from './tap-protocol.ts';

/** A tenth of what the rings hold. */
const TICK_INTERVAL_MS = 200;
const PROGRESS_INTERVAL_MS = 1_000;

assert(parentPort !== null, 'the writer of recordings is a worker thread');
const port = parentPort;
const data = workerData as TapWriterData;

function freeBytes(): number {
  const { bavail, bsize } = statfsSync(data.folder);
  return bavail * bsize;
}

function send(event: TapEvent): void {
  port.postMessage(event);
}

const recording = new Recording({ ...data, freeBytes, startedAt: new Date().toISOString() });
let progressMs = 0;

function end(): void {
  clearInterval(ticking);
  recording.close(performance.now());
  send({ kind: 'ended', seconds: recording.seconds, problem: recording.problem });
  port.close();
}

const ticking = setInterval(() => {
  const nowMs = performance.now();
  recording.tick(nowMs);
  if (recording.problem !== '') {
    end();
    return;
  }
  if (nowMs - progressMs < PROGRESS_INTERVAL_MS) return;
  progressMs = nowMs;
  send({ kind: 'progress', seconds: recording.seconds });
}, TICK_INTERVAL_MS);

port.on('message', (command: TapCommand) => {
  if (command.kind === 'stop') end();
  else recording.addSpeaker(command.fileName, command.memory, command.startSample);
});
