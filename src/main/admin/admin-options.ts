import type { RelayAdmin } from '../../core/relay/admin-port.ts';
import type { CertificatePair } from '../base/certificate-pair.ts';
import type { BotsPort } from './bots-port.ts';
import type { ListeningPort } from './listening-port.ts';

/** Takes what happened, for a structured log. Never a name, an address, a password or a token. */
export type AdminLog = (event: string, fields: Readonly<Record<string, number | string | boolean>>) => void;

export interface AdminOptions {
  readonly relay: RelayAdmin;
  /** Null: no stress tests here. */
  readonly bots: BotsPort | null;
  /** Null: nobody listens here but members. */
  readonly listening: ListeningPort | null;
  /** Where admin.db lies; made when it is not there. */
  readonly folder: string;
  /** The folder of `NNNN-name.sql` files: resources/migrations/admin. */
  readonly migrationsFolder: string;
  /** The built pages (out/renderer), of which admin.html and the assets are served. */
  readonly rendererPath: string;
  /** An address of this machine, without brackets. Only a loopback one does without TLS or a proxy. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly tls: CertificatePair | null;
  /** Names under which others reach this server, without a port: a request for any other name is refused. */
  readonly publicHosts: readonly string[];
  /** A proxy of the operator's does the TLS. Its addresses (or ranges) alone may say for whom they ask. */
  readonly behindProxy: boolean;
  readonly proxyAddresses: readonly string[];
  /**
   * Lets a collector read `/metrics` with `Authorization: Bearer` from elsewhere, besides accounts. At least
   * MIN_METRICS_TOKEN_LENGTH characters. From this machine itself, under a loopback name and with no proxy, nobody
   * is asked for it.
   */
  readonly metricsToken: string | null;
  readonly log: AdminLog;
  /** Ms since 1970; the clock of this machine unless a test sets another. */
  readonly wallMs?: () => number;
  /** A clock that only goes forward, in ms, for limits; this process's own unless a test sets another. */
  readonly nowMs?: () => number;
}

/** Shortest token of a collector: 128 bits in base64url are 22. */
export const MIN_METRICS_TOKEN_LENGTH = 22;

export interface RunningAdmin {
  /** Where the dashboard is, as it is reached from this machine, or under the first public name. Ends in a slash. */
  readonly url: string;
  readonly port: number;
  /** Makes the first account, once, until this server is closed. Null: there is an account. */
  readonly setupCode: string | null;
  /**
   * An address that logs whoever opens it in as the host of the room, without a password: works once, for a minute.
   * The code stands in the fragment, which browsers send to nobody.
   */
  issueLoginLink(): string;
  /** For connections from now on. @throws Error where it is none, or not its key */
  renewCertificate(certificate: CertificatePair): void;
  /** What was counted since the start, by name. */
  counters(): Readonly<Record<string, number>>;
  /** Ends all streams and connections, then closes the database. */
  close(): Promise<void>;
}

/** `sentence` says to people why there is no server. */
export type AdminStart =
  | { readonly ok: true; readonly admin: RunningAdmin }
  | { readonly ok: false; readonly sentence: string };
