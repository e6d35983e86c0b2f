import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import type { RelayAdmin } from '../core/relay/admin-port.ts';
import { LOOPBACK_ADDRESS } from './app/addresses.ts';
import type { CertificatePair } from './base/certificate-pair.ts';
import { DatabaseError } from './base/sqlite/database-error.ts';
import type { GatewaysWorkerData } from './gateways/gateways-protocol.ts';
import { Listening } from './listening/listening.ts';
import type { ListeningLog } from './listening/listening-ports.ts';
import { ListeningStore } from './listening/listening-store.ts';
import { WorkerThreads } from './listening-threads.ts';
import { CertificateError, loadOrCreateCertificate } from './relay/certificate.ts';

/** The settings of listening, as the gateways' thread takes them. */
export interface ListeningSetup extends Omit<GatewaysWorkerData, 'tls' | 'room' | 'rendererPath'> {
  /** False: it can be settled how channels are heard, and none is. */
  readonly enabled: boolean;
  /** The user's own; null: the room's, which no browser trusts. */
  readonly tls: CertificatePair | null;
  /** Where one of the ports is taken, any that is free will do. */
  readonly anyPortsWillDo: boolean;
}

export interface ComposeListeningOptions {
  readonly setup: ListeningSetup;
  /** Of the room. */
  readonly folder: string;
  /** Folder of the built workers. */
  readonly codeFolder: string;
  readonly resourcesPath: string;
  readonly relay: RelayAdmin;
  readonly relayPort: number;
  readonly certificateSha256: string;
  /** Name or address that links are to carry, as it is now. */
  readonly linkHost: () => string;
  readonly log: ListeningLog;
  readonly onDefect: (text: string) => void;
}

/** `sentence` says to people why nobody can be heard. */
export type ListeningStart =
  | { readonly ok: true; readonly listening: Listening }
  | { readonly ok: false; readonly sentence: string };

/** What of this machine's addresses a link leads to, where the gateways listen on one alone. */
export function listenedHost(host: string): string | null {
  return host === '' || host === '0.0.0.0' || host === '::' ? null : host;
}

/** Connects a relay with the threads through which its channels are heard from outside. Decides nothing. */
export async function composeListening(options: ComposeListeningOptions): Promise<ListeningStart> {
  const { setup, folder, codeFolder, resourcesPath } = options;
  const { enabled, tls, anyPortsWillDo, ...ports } = setup;
  try {
    const own = tls ?? (await loadOrCreateCertificate(folder));
    const threads = {
      gatewaysPath: join(codeFolder, 'gateways-worker.js'),
      mixPath: join(codeFolder, 'mix-worker.js'),
      mix: {
        address: LOOPBACK_ADDRESS,
        port: options.relayPort,
        certificateSha256: options.certificateSha256,
      },
      onDefect: options.onDefect,
    };
    const gateways = {
      ...ports,
      tls: { certificatePem: own.certificatePem, keyPem: own.keyPem },
      rendererPath: join(codeFolder, '../renderer'),
    };
    const listening = new Listening({
      relay: options.relay,
      store: new ListeningStore(folder, join(resourcesPath, 'migrations/listening')),
      start: enabled
        ? (news, taken) =>
            new WorkerThreads({ ...threads, gateways: { ...gateways, ...withoutTaken(ports, taken) } }, news)
        : null,
      anyPortsWillDo,
      // Rooms elsewhere, and those who look at them, meet here.
      alwaysOpen: ports.robots.length > 0,
      place: { trusted: tls !== null, secretsInTheClear: ports.secretsInTheClear },
      host: () => bare(options.linkHost()),
      log: options.log,
      nowMs: () => performance.now(),
    });
    listening.start();
    return { ok: true, listening };
  } catch (error) {
    if (error instanceof DatabaseError || error instanceof CertificateError)
      return { ok: false, sentence: error.message };
    throw error;
  }
}

/** In the place of a port that another program has: any. */
function withoutTaken(
  { webPort, rtspPort }: Pick<GatewaysWorkerData, 'webPort' | 'rtspPort'>,
  taken: ReadonlySet<number>,
): Pick<GatewaysWorkerData, 'webPort' | 'rtspPort'> {
  const free = (port: number): number => (taken.has(port) ? 0 : port);
  return { webPort: free(webPort), rtspPort: rtspPort === null ? null : free(rtspPort) };
}

/** Brackets around an address are put where it becomes part of a URL. */
function bare(host: string): string {
  const inner = host.replace(/^\[(.*)\]$/, '$1');
  return isIPv6(inner) ? inner : host;
}
