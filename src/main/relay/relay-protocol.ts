import type { StoredChannel } from '../../core/relay/relay-store.ts';

export interface RelayWorkerData {
  /** Holds the certificate. */
  readonly folder: string;
  readonly databasePath: string;
  readonly migrationsFolder: string;
  readonly roomName: string;
  readonly maxMembers: number;
  /** Channels of a room that is opened for the first time. */
  readonly channels: readonly StoredChannel[];
  /** base64url of the host's Ed25519 public key: always admin. Null: nobody's room. */
  readonly ownerIdentity: string | null;
  /** 0: any free one. TCP and UDP take the same number. */
  readonly port: number;
}

/** Why a port could not be opened. */
export type ListenFailure = 'portInUse' | 'portForbidden' | 'socketFailed';

/** Why a relay did not start. */
export type StartFailure = ListenFailure | 'certificateFailed' | 'databaseFailed' | 'failed';

/** `restarting`: members keep their places for the relay that comes next. */
export type StopReason = 'closing' | 'restarting';

/** Main thread to relay worker. */
export type RelayCommand = { readonly kind: 'stop'; readonly reason: StopReason };

/** Relay worker to main thread. */
export type RelayEvent =
  | { kind: 'listening'; port: number; certificateSha256: string }
  /** `detail` is a sentence for people with `certificateFailed` and `databaseFailed`. */
  | { kind: 'failed'; failure: StartFailure; detail: string }
  | { kind: 'counters'; counters: Record<string, number> }
  | { kind: 'stopped' };
