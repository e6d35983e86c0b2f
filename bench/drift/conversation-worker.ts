import { parentPort, workerData } from 'node:worker_threads';
import { converse, type Hearing, type Scenario } from './conversation.ts';

/** What the worker tells: how far it is, and what came of it. */
export type ConversationEvent =
  | { readonly kind: 'minute'; readonly minute: number }
  | { readonly kind: 'done'; readonly hearings: Hearing[] };

if (parentPort === null) throw new Error('the conversation runs in a worker thread');
const port = parentPort;
const send = (event: ConversationEvent): void => port.postMessage(event);

send({
  kind: 'done',
  hearings: converse(workerData as Scenario, (minute) => send({ kind: 'minute', minute })),
});
