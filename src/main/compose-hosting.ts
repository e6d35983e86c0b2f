import { join } from 'node:path';
import { type ListeningPort, unavailableListening } from './admin/listening-port.ts';
import type { HostedRelay, HostRequest, StartHosting } from './app/ports.ts';
import { Bots } from './bots/bots.ts';
import { composeListening } from './compose-listening.ts';
import { hostedSetup } from './listening-setup.ts';
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

/** How the room is heard from outside, and its end. */
interface HostedListening {
  readonly port: ListeningPort;
  readonly links: HostedRelay['listeningLinks'];
  readonly stop: () => Promise<void>;
}

type Outside = Pick<HostRequest, 'address' | 'onDidChangeListening'>;

/** What stands beside a hosted room. */
interface Surroundings {
  listeningLinks: HostedRelay['listeningLinks'];
  openDashboard: HostedRelay['openDashboard'];
  close(): Promise<void>;
}

/**
 * Connects a room that this program hosts with how it is heard from outside, and with its dashboard, which is started
 * when it is first asked for.
 */
export function composeHosting(options: ComposeHostingOptions): StartHosting {
  const { folder, codeFolder, resourcesPath } = options;
  return async ({ address, onDidChangeListening, onDidDie, ...request }) => {
    let surroundings: Promise<Surroundings> | null = null;
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
      onDidDie: (reason) => {
        // The next room has ports and databases of the same names.
        const closed = surroundings?.then((beside) => beside.close()) ?? Promise.resolve();
        void closed.then(() => onDidDie(reason));
      },
    });
    if (!started.ok) return started;
    const { relay } = started;
    surroundings = composeSurroundings(relay, { address, onDidChangeListening }, options);
    const { openDashboard, listeningLinks, close } = await surroundings;
    const { port, certificateSha256 } = relay;
    const stop: HostedRelay['stop'] = async (reason) => {
      await close();
      await relay.stop(reason);
    };
    return { ok: true, relay: { port, certificateSha256, openDashboard, listeningLinks, stop } };
  };
}

async function openListening(
  { admin, port, certificateSha256 }: RunningRelay,
  { address, onDidChangeListening }: Outside,
  { folder, codeFolder, resourcesPath }: ComposeHostingOptions,
): Promise<HostedListening> {
  const started = await composeListening({
    setup: hostedSetup(),
    folder,
    codeFolder,
    resourcesPath,
    relay: admin,
    relayPort: port,
    certificateSha256,
    linkHost: address,
    log: () => undefined,
    onDefect: () => undefined,
  });
  // A room that nobody can listen to is still one to talk in.
  if (!started.ok) {
    const port = unavailableListening(started.sentence);
    return { port, links: () => [], stop: async () => undefined };
  }
  const { listening } = started;
  listening.onDidChange(onDidChangeListening);
  return { port: listening, links: () => listening.openPages(), stop: () => listening.stop() };
}

async function composeSurroundings(
  relay: RunningRelay,
  outside: Outside,
  options: ComposeHostingOptions,
): Promise<Surroundings> {
  const listening = await openListening(relay, outside, options);
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
      listening: listening.port,
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
    listeningLinks: listening.links,
    async openDashboard() {
      starting ??= start();
      const started = await starting;
      if (started.ok) return { ok: true, link: started.admin.issueLoginLink() };
      starting = null;
      return started;
    },
    async close() {
      const started = await starting;
      await bots.stop();
      await listening.stop();
      if (started?.ok === true) await started.admin.close();
    },
  };
}
