import { join } from 'node:path';
import { type RunningRelay, startRelay } from '../../../src/main/relay/relay-host.ts';
import { defaultChannels, MAX_HOSTED_MEMBERS } from '../../../src/main/relay/room-defaults.ts';
import type { RelayNews, RelayOrder, RelayPlace } from './relay-news.ts';

/** A relay that runs by itself, as built, so that it can be killed without anything else going with it. */

const ROOT = join(import.meta.dirname, '../../..');

function send(news: RelayNews): void {
  process.send?.(news);
}

let relay: RunningRelay | null = null;

async function main(place: RelayPlace): Promise<void> {
  const started = await startRelay({
    workerPath: join(ROOT, 'out/main/relay-worker.js'),
    migrationsFolder: join(ROOT, 'resources/migrations/relay'),
    folder: place.folder,
    roomName: place.roomName,
    maxMembers: MAX_HOSTED_MEMBERS,
    channels: defaultChannels(),
    ownerIdentity: place.ownerIdentity,
    port: place.port,
    onCounters: (counters) => send({ kind: 'counters', counters }),
    onDidDie: (reason) => {
      process.stderr.write(`the relay died: ${reason}\n`);
      process.exit(1);
    },
  });
  if (!started.ok) throw new Error(started.sentence);
  relay = started.relay;
  send({ kind: 'listening', port: relay.port, certificateSha256: relay.certificateSha256 });
}

process.on('message', (order: RelayOrder) => {
  void (async () => {
    await relay?.stop(order.reason);
    process.exit(0);
  })();
});
// Without whoever started it there is nobody to relay for.
process.on('disconnect', () => process.exit(1));

await main(JSON.parse(process.argv[2] ?? '{}') as RelayPlace);
