import type {
  AdminActor,
  AdminCommand,
  AdminNews,
  AdminOutcome,
  AdminView,
  AuditRow,
  RelayFigures,
} from '../../core/relay/admin-port.ts';
import type { StoredChannel } from '../../core/relay/relay-store.ts';
import type { Ban } from '../../core/wire/control.ts';
import type { VoiceSocketKind } from './udp/voice-socket.ts';

/** How the relay takes and sends voice. */
export interface VoiceSocketChoice {
  /** `auto`: the native addon where it loads, Node's socket elsewhere. */
  readonly voiceSocket: 'auto' | VoiceSocketKind;
  /** Native threads that share the sending; 0: the relay's own sends. Node's socket has none. */
  readonly senderThreads: number;
}

export interface RelayWorkerData extends Partial<VoiceSocketChoice> {
  /** Holds the certificate. */
  readonly folder: string;
  readonly databasePath: string;
  readonly migrationsFolder: string;
  /** Of a room that was never configured: what an admin has configured since wins over both, and is kept in relay.db. */
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

/** What the admin side asks of the relay: the calls of `RelayAdmin` as messages. */
export type AdminQuestion =
  | { readonly kind: 'command'; readonly actor: AdminActor; readonly command: AdminCommand }
  | { readonly kind: 'view' }
  | { readonly kind: 'bans' }
  | { readonly kind: 'audit'; readonly before: number | null; readonly count: number }
  | {
      readonly kind: 'writeAudit';
      readonly by: string;
      readonly action: string;
      readonly subject: string;
      readonly reason: string;
    }
  | { readonly kind: 'figures' };

/** What each question is answered with. */
export interface AdminAnswers {
  readonly command: AdminOutcome;
  readonly view: AdminView;
  readonly bans: readonly Ban[];
  readonly audit: readonly AuditRow[];
  readonly writeAudit: null;
  readonly figures: RelayFigures;
}

/**
 * Main thread to relay worker. Both are this program, so that the shape of a message is not checked here; what came
 * from outside (names, reasons, identities) is checked by the engine, and before it by whoever took it in.
 */
export type RelayCommand =
  | { readonly kind: 'stop'; readonly reason: StopReason }
  /** `id` counts up. */
  | { readonly kind: 'ask'; readonly id: number; readonly question: AdminQuestion }
  /** Whether changes of the room are to be told. */
  | { readonly kind: 'watch'; readonly watching: boolean };

/** Relay worker to main thread. */
export type RelayEvent =
  | {
      kind: 'listening';
      port: number;
      certificateSha256: string;
      voiceSocket: VoiceSocketKind;
      /** The end of a sentence that begins with "because"; null: it is batched, or was not to be. */
      whyNotBatched: string | null;
    }
  /** `detail` is a sentence for people with `certificateFailed` and `databaseFailed`. */
  | { kind: 'failed'; failure: StartFailure; detail: string }
  | { kind: 'counters'; counters: Record<string, number> }
  /** The answer to the question of that number: one of `AdminAnswers`. */
  | { kind: 'answer'; id: number; answer: AdminAnswers[keyof AdminAnswers] }
  /** The question could not be answered: the disk refuses, or the relay has a defect. */
  | { kind: 'noAnswer'; id: number; detail: string }
  | { kind: 'news'; news: AdminNews }
  | { kind: 'stopped' };
