import { join } from 'node:path';
import { startAdmin } from './admin/admin-server.ts';
import { Bots } from './bots/bots.ts';
import { composeListening } from './compose-listening.ts';
import type { Listening } from './listening/listening.ts';
import { listeningHost, listeningSetup } from './listening-setup.ts';
import { readAdminTls } from './service/admin-tls.ts';
import type { RelayConfig } from './service/relay-config.ts';
import type { RelayLog } from './service/relay-log.ts';
import type { OpenAdmin, OpenListening } from './service/service-ports.ts';

export interface RelayDoorsOptions {
  readonly config: RelayConfig;
  /** Folder of the built workers. */
  readonly codeFolder: string;
  readonly resourcesPath: string;
  readonly log: RelayLog;
  /** What a thread died of; not for the log. */
  readonly onDefect: (text: string) => void;
}

/** What stands beside the room of `sidetone relay`: how it is heard from outside, then its admin page. */
export function composeDoors(options: RelayDoorsOptions): {
  readonly openListening: OpenListening;
  readonly openAdmin: OpenAdmin | null;
} {
  let opened: Listening | null = null;
  return {
    openListening: async (relay, { port, certificateSha256 }) => {
      const { config, codeFolder, resourcesPath, log, onDefect } = options;
      const read = listeningSetup(config);
      if (!read.ok) return read;
      const started = await composeListening({
        setup: read.setup,
        folder: config.data_folder,
        codeFolder,
        resourcesPath,
        relay,
        relayPort: port,
        certificateSha256,
        linkHost: () => listeningHost(config),
        log: (level, happened, fields) => log[level]('listeners', { happened, ...fields }),
        onDefect,
      });
      if (started.ok) opened = started.listening;
      return started;
    },
    openAdmin: options.config.admin ? adminOpener(options, () => opened) : null,
  };
}

function adminOpener(options: RelayDoorsOptions, listening: () => Listening | null): OpenAdmin {
  const { config, codeFolder, resourcesPath, log } = options;
  return async (relay, { port, certificateSha256 }) => {
    const read = readAdminTls(config);
    if (!read.ok) return read;
    const bots = new Bots({
      workerPath: join(codeFolder, 'bots-worker.js'),
      speechPath: join(resourcesPath, 'bots/speech.wav'),
      relay,
      port,
      certificateSha256,
    });
    const started = await startAdmin({
      relay,
      bots,
      listening: listening(),
      folder: config.data_folder,
      migrationsFolder: join(resourcesPath, 'migrations/admin'),
      rendererPath: join(codeFolder, '../renderer'),
      host: config.admin_host,
      port: config.admin_port,
      tls: read.tls,
      publicHosts: config.public_hosts,
      behindProxy: config.behind_proxy,
      proxyAddresses: config.proxy_addresses,
      metricsToken: config.metrics_token ?? null,
      log: (happened, fields) => log.info('admin', { happened, ...fields }),
    });
    return started.ok ? { ...started, stopBots: () => bots.stop() } : started;
  };
}
