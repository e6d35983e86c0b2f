import { BroadcastChannel, isMainThread } from 'node:worker_threads';
import { HEAP_CHANNEL, HEAP_QUESTION, type RelayMemory } from './relay-news.ts';

/**
 * Loaded into the relay's thread before the relay itself, which is left as it is: collects the garbage and tells what
 * is left when it is asked. Needs --expose-gc.
 */

/** What finalisers let go of is garbage only the next time. */
const COLLECTIONS = 3;

if (!isMainThread) {
  const channel = new BroadcastChannel(HEAP_CHANNEL);
  channel.unref();
  channel.onmessage = (event: unknown) => {
    if (typeof event !== 'object' || event === null || Reflect.get(event, 'data') !== HEAP_QUESTION) return;
    for (let times = 0; times < COLLECTIONS; times += 1) globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    const memory: RelayMemory = { heapBytes: heapUsed, externalBytes: external };
    channel.postMessage(memory);
  };
}
