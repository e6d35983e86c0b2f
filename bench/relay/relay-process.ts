import { join } from 'node:path';
import { BroadcastChannel } from 'node:worker_threads';
import { MAX_CHANNEL_MEMBERS } from '../../src/core/wire/channels.ts';
import { type RunningRelay, startRelay } from '../../src/main/relay/relay-host.ts';
import { defaultChannels } from '../../src/main/relay/room-defaults.ts';
import {
  HEAP_CHANNEL,
  HEAP_QUESTION,
  type RelayMemory,
  type RelayNews,
  type RelayOrder,
  type RelayPlace,
} from './relay-news.ts';

/** Our relay as the program runs it, in a thread of its own, alone in a process, so that its processor time and memory are nobody else's. */

const MIGRATIONS_FOLDER = join(import.meta.dirname, '../../resources/migrations/relay');

function send(news: RelayNews): void {
  process.send?.(news);
}

const heap = new BroadcastChannel(HEAP_CHANNEL);
heap.onmessage = (event: unknown) => {
  const memory: unknown = typeof event === 'object' && event !== null ? Reflect.get(event, 'data') : null;
  if (memory !== HEAP_QUESTION) send({ kind: 'memory', memory: memory as RelayMemory });
};

let relay: RunningRelay | null = null;

process.on('message', (order: RelayOrder) => {
  if (order.kind === 'memory') heap.postMessage(HEAP_QUESTION);
  else void Promise.resolve(relay?.stop('closing')).then(() => process.exit(0));
});
// Without whoever started it there is nobody to relay for.
process.on('disconnect', () => process.exit(1));

async function main({ members, ...place }: RelayPlace): Promise<void> {
  const channels = defaultChannels().map((channel) => {
    const config = { ...channel.info.config, maxMembers: Math.min(members, MAX_CHANNEL_MEMBERS) };
    return { ...channel, info: { ...channel.info, config } };
  });
  const started = await startRelay({
    ...place,
    migrationsFolder: MIGRATIONS_FOLDER,
    roomName: 'Load',
    maxMembers: members,
    channels,
    ownerIdentity: null,
    port: 0,
    onCounters: () => undefined,
    onDidDie: (reason) => {
      process.stderr.write(`the relay died: ${reason}\n`);
      process.exit(1);
    },
  });
  if (started.ok) {
    relay = started.relay;
    const { voiceSocket } = await relay.admin.figures();
    send({ kind: 'listening', port: relay.port, voiceSocket });
  } else {
    send({ kind: 'failed', sentence: started.sentence });
  }
}

await main(JSON.parse(process.argv[2] ?? '{}') as RelayPlace);
