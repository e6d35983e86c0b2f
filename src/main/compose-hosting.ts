import { join } from 'node:path';
import type { HostedRelay, StartHosting } from './app/ports.ts';
import { Bots } from './bots/bots.ts';
import { type RunningRelay, startRelay } from './relay/relay-host.ts';
import { defaultChannels, MAX_HOSTED_MEMBERS } from './relay/room-defaults.ts';

export interface ComposeHostingOptions {
  /** Where the room's data lies. */
  readonly folder: string;
  /** Folder of the built workers. */
  readonly codeFolder: string;
  readonly resourcesPath: string;
  readonly onCounters: (counters: Record<string, number>) => void;
}

/** Connects a room that this program hosts with its dashboard, which is started when it is first asked for. */
export function composeHosting(options: ComposeHostingOptions): StartHosting {
  const { folder, codeFolder, resourcesPath } = options;
  return async (request) => {
    const started = await startRelay({
      workerPath: join(codeFolder, 'relay-worker.js'),
      folder,
      migrationsFolder: join(resourcesPath, 'migrations/relay'),
      maxMembers: MAX_HOSTED_MEMBERS,
      channels: defaultChannels(),
      onCounters: options.onCounters,
      voiceSocket: 'auto',
      senderThreads: 0,
      ...request,
    });
    return started.ok ? { ok: true, relay: withDashboard(started.relay, options) } : started;
  };
}

function withDashboard(relay: RunningRelay, options: ComposeHostingOptions): HostedRelay {
  const bots = new Bots({
    workerPath: join(options.codeFolder, 'bots-worker.js'),
    speechPath: join(options.resourcesPath, 'bots/speech.wav'),
    relay: relay.admin,
    port: relay.port,
    certificateSha256: relay.certificateSha256,
  });
  const start = async () => {
    // Only whoever opens a dashboard pays for the server behind it.
    const { startAdmin } = await import('./admin/admin-server.ts');
    return startAdmin({
      relay: relay.admin,
      bots,
      listening: null,
      folder: options.folder,
      migrationsFolder: join(options.resourcesPath, 'migrations/admin'),
      rendererPath: join(options.codeFolder, '../renderer'),
      host: '127.0.0.1',
      port: 0,
      tls: null,
      publicHosts: [],
      behindProxy: false,
      proxyAddresses: [],
      metricsToken: null,
      log: () => undefined,
    });
  };
  let starting: ReturnType<typeof start> | null = null;
  return {
    port: relay.port,
    certificateSha256: relay.certificateSha256,
    async openDashboard() {
      starting ??= start();
      const started = await starting;
      if (started.ok) return { ok: true, link: started.admin.issueLoginLink() };
      starting = null;
      return started;
    },
    async stop(reason) {
      const started = await starting;
      await bots.stop();
      if (started?.ok === true) await started.admin.close();
      await relay.stop(reason);
    },
  };
}
