import { randomInt } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../core/base/assert.ts';
import type { ToRoom } from '../core/program/room-link.ts';
import { DeadlineTimer } from './base/deadline-timer.ts';
import { preferThisThread } from './base/thread-priority.ts';
import { composeMix } from './compose-mix.ts';
import { Mix } from './mix/mix.ts';
import type { MixCommand, MixWorkerData } from './mix/mix-protocol.ts';

assert(parentPort !== null, 'the members named "Listeners" live in a worker thread');
const port = parentPort;
preferThisThread();
const { room, ...relay } = workerData as MixWorkerData;

const mix = new Mix({
  ports: composeMix(relay),
  seed: randomInt(2 ** 31),
  tell: (event) => port.postMessage(event),
  post: (message) => room.postMessage(message),
  onDidStir: () => timer.reschedule(),
});
const timer = new DeadlineTimer(mix, (nowMs) => mix.handleDeadline(nowMs));

port.on('message', (command: MixCommand) => {
  mix.handleCommand(command, performance.now());
  timer.reschedule();
  if (command.kind !== 'stop') return;
  // Nothing keeps the thread now but members' connections, which are closing.
  room.close();
  port.close();
});
room.on('message', (message: ToRoom) => {
  mix.handleMessage(message, performance.now());
  timer.reschedule();
});
timer.reschedule();
