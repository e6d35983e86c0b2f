import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../core/base/assert.ts';
import type { BotsCommand, BotsEvent, BotsWorkerData } from './bots/bots-protocol.ts';
import { StressTest } from './bots/stress-test.ts';
import { composeBots } from './compose-bots.ts';

assert(parentPort !== null, 'the bots live in a worker thread');
const port = parentPort;
const { request, speechPath, ...relay } = workerData as BotsWorkerData;

function send(event: BotsEvent): void {
  port.postMessage(event);
}

const test = new StressTest({
  ports: composeBots(relay),
  request,
  speechPath,
  tell: (state) => send({ kind: 'state', state }),
});

port.on('message', (command: BotsCommand) => {
  if (command.kind === 'stop') test.stop();
  else void test.run(command.channel).then(({ state, summary }) => send({ kind: 'ended', state, summary }));
});
send({ kind: 'identities', identities: test.identities });
