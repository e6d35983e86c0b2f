import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { loadOrCreateCertificate } from '../../src/main/relay/certificate.ts';
import { listen } from '../../src/main/relay/listen.ts';
import { RelayDatabase } from '../../src/main/relay/relay-database.ts';
import { RelayServer } from '../../src/main/relay/relay-server.ts';
import { defaultChannels } from '../../src/main/relay/room-defaults.ts';
import type { RelayNews, RelayOrder, RelayProcessOptions, RelaySample } from './relay-protocol.ts';

/**
 * The relay alone in a process, so that its memory is nobody else's: what `relay-worker.ts` does, on the main thread,
 * where heap and counters can be asked for at any moment.
 */

const MIGRATIONS_FOLDER = join(import.meta.dirname, '../../resources/migrations/relay');

/** How often resident memory is looked at for its peak, in ms: Argon2's 64 MiB stand for 100 ms. */
const LOOK_INTERVAL_MS = 50;

const NANOSECONDS_PER_MS = 1e6;

function send(news: RelayNews): void {
  process.send?.(news);
}

async function main(options: RelayProcessOptions): Promise<void> {
  const { folder, ownerIdentity, maxMembers } = options;
  const database = new RelayDatabase({
    path: join(folder, 'relay.db'),
    migrationsFolder: MIGRATIONS_FOLDER,
  });
  const snapshot = database.snapshot(defaultChannels());
  const certificate = await loadOrCreateCertificate(folder);
  const sockets = await listen(certificate, 0);
  const server = new RelayServer({
    sockets,
    snapshot,
    store: database,
    roomName: 'Hostile',
    maxMembers,
    ownerIdentity,
  });
  let peakResidentBytes = 0;
  setInterval(() => {
    peakResidentBytes = Math.max(peakResidentBytes, process.memoryUsage.rss());
  }, LOOK_INTERVAL_MS);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();

  const sample = (collect: boolean): RelaySample => {
    const longestHoldUpMs = delay.max / NANOSECONDS_PER_MS;
    if (collect) globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    // The collection itself is no hold-up of the relay's making.
    setImmediate(() => delay.reset());
    return {
      residentBytes: rss,
      peakResidentBytes: Math.max(peakResidentBytes, rss),
      heapBytes: heapUsed,
      longestHoldUpMs,
      counters: server.counters(),
    };
  };

  process.on('message', (order: RelayOrder) => {
    if (order.kind === 'sample') {
      send({ kind: 'sample', id: order.id, sample: sample(order.collect) });
      return;
    }
    void server.close('closing').then(() => {
      database.close();
      process.exit(0);
    });
  });
  // Without whoever started it there is nothing to relay for.
  process.on('disconnect', () => process.exit(1));
  send({ kind: 'listening', port: sockets.port, certificateSha256: certificate.sha256 });
}

await main(JSON.parse(process.argv[2] ?? '{}') as RelayProcessOptions);
