import type { RelayAdmin } from '../../core/relay/admin-port.ts';
import type { CertificatePair } from '../base/certificate-pair.ts';

/** `restarting`: members keep their places for the relay that comes next. */
export type StopReason = 'closing' | 'restarting';

/** A relay that is open. */
export interface ServiceRelay {
  readonly port: number;
  readonly certificateSha256: string;
  readonly voiceSocket: 'batched' | 'dgram';
  /** The end of a sentence that begins with "because"; null: voice takes the native addon, or was not to. */
  readonly whyNotBatched: string | null;
  readonly admin: RelayAdmin;
  stop(reason: StopReason): Promise<void>;
}

/** `code` is for the log, `sentence` for people. */
export type ServiceStart =
  | { readonly ok: true; readonly relay: ServiceRelay }
  | { readonly ok: false; readonly code: string; readonly sentence: string };

/** Opens the relay. `onDidDie` is called at most once, after it was open and when its port is free again. */
export type OpenRelay = (onDidDie: (reason: string) => void) => Promise<ServiceStart>;

/** How the room is heard from outside, while it is open. */
export interface ListeningDoor {
  /** `failing`: a channel should be heard and cannot. */
  readonly status: 'closed' | 'open' | 'failing';
  /** For connections from now on. */
  renewCertificate(certificate: CertificatePair): void;
  /** Since the start, by name. */
  counters(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

export type ListeningDoorStart =
  | { readonly ok: true; readonly listening: ListeningDoor }
  | { readonly ok: false; readonly sentence: string };

/** @param admin outlives the relay that is open now */
export type OpenListening = (admin: RelayAdmin, relay: ServiceRelay) => Promise<ListeningDoorStart>;

/** The admin server, while it is open. */
export interface AdminDoor {
  readonly url: string;
  readonly port: number;
  /** Makes the first account; null: there is one. */
  readonly setupCode: string | null;
  /** For connections from now on. */
  renewCertificate(certificate: CertificatePair): void;
  /** Since the start, by name. */
  counters(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

export type AdminDoorStart =
  | { readonly ok: true; readonly admin: AdminDoor; readonly stopBots: () => Promise<void> }
  | { readonly ok: false; readonly sentence: string };

/** @param admin outlives the relay that is open now */
export type OpenAdmin = (admin: RelayAdmin, relay: ServiceRelay) => Promise<AdminDoorStart>;
