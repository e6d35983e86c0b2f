import type { ChannelInfo } from '../wire/channels.ts';
import type { ChatMessage } from '../wire/chat.ts';
import type { Ban } from '../wire/control.ts';
import type { WhisperPublicKey } from '../wire/key-delivery.ts';
import type { Role } from '../wire/roles.ts';

/** A channel with what clients are not told. */
export interface StoredChannel {
  readonly info: ChannelInfo;
  /** Argon2id in PHC string format; null: no password. */
  readonly passwordHash: string | null;
}

/** A whisper list of a session: its id and the tokens in it. */
export interface StoredWhisperList {
  readonly list: number;
  readonly targets: readonly number[];
}

/** A session as it must come back after the relay was restarted. */
export interface StoredSession {
  readonly token: number;
  /** base64url of the Ed25519 public key. */
  readonly identity: string;
  readonly nickname: string;
  /** base64url of the SHA-256 of the resume secret: whoever reads the database cannot resume anybody. */
  readonly resumeHash: string;
  /** The same of the secret before it, until the client has shown that it has the new one; null: that is spent. */
  readonly previousResumeHash: string | null;
  /** What its client brought to the newest login. */
  readonly whisperKey: WhisperPublicKey;
  readonly channel: number | null;
  readonly muted: boolean;
  readonly deafened: boolean;
  readonly mutedForAll: boolean;
  readonly whisperLists: readonly StoredWhisperList[];
  /** Newest chat of this session that was taken. */
  readonly chatTaken: number;
  /** Number of the newest delivery made to this session. */
  readonly delivered: number;
  /** When the lane broke, in ms since 1970; null while it is connected. */
  readonly heldSinceMs: number | null;
}

/** A message that a session has not acknowledged yet. */
export interface StoredDelivery {
  readonly token: number;
  readonly delivery: number;
  readonly message: ChatMessage;
}

/** One line of the audit log: who did what to whom. Never a message's text, an address or a password. */
export interface AuditEntry {
  readonly atMs: number;
  /** Identity of the one who did it; empty: the relay itself. */
  readonly by: string;
  readonly action: string;
  /** Identity, channel id, role id or ban id it was done to; the room's name, when that is what was configured. */
  readonly subject: string;
  readonly reason: string;
}

/** What of a room's configuration may change while it runs. */
export interface RoomConfig {
  readonly name: string;
  /** 1 to MAX_ROOM_MEMBERS. */
  readonly maxMembers: number;
}

/** Everything a relay remembers, as it is read before the doors open. */
export interface RelaySnapshot {
  /** As it was last configured; null: never, and what the relay is started with holds. */
  readonly config: RoomConfig | null;
  readonly channels: readonly StoredChannel[];
  /** Without the built-in ones. */
  readonly roles: readonly Role[];
  /** Role id by identity. */
  readonly assignments: ReadonlyMap<string, number>;
  readonly bans: readonly Ban[];
  readonly sessions: readonly StoredSession[];
  readonly deliveries: readonly StoredDelivery[];
  /**
   * Highest ids ever given out. Those of roles must not come back: accounts and channels name them, and would mean
   * another role.
   */
  readonly lastRoleId: number;
  readonly lastMessageId: number;
  readonly lastBanId: number;
}

/**
 * Keeps what the engine acknowledges. A call that returns has been written: the engine answers only afterwards, and
 * a process killed at any moment loses nothing that was answered.
 *
 * @throws every method, when the disk refuses: the engine answers `storageFailed` and changes nothing
 */
export interface RelayStore {
  /** Everything done in `work` is written in one transaction, or not at all. Calls may nest. */
  transaction(work: () => void): void;
  saveConfig(config: RoomConfig): void;
  saveChannel(channel: StoredChannel): void;
  /** Its history goes with it. */
  removeChannel(channel: number): void;
  saveRole(role: Role): void;
  removeRole(role: number): void;
  /** @param role null: the member role, nothing is kept */
  assignRole(identity: string, role: number | null): void;
  saveBan(ban: Ban): void;
  removeBan(ban: number): void;
  saveSession(session: StoredSession): void;
  /** Its undelivered messages go with it. */
  removeSession(token: number): void;
  /** Keeps a message of a channel with history. */
  saveMessage(message: ChatMessage): void;
  saveDelivery(delivery: StoredDelivery): void;
  /** Forgets what session `token` has acknowledged. */
  removeDeliveries(token: number, upTo: number): void;
  /** The newest `count` messages of a channel with an id below `before` (null: the newest), oldest first. */
  readHistory(channel: number, before: number | null, count: number): ChatMessage[];
  /** Forgets messages of a channel sent before `beforeMs`. */
  expireHistory(channel: number, beforeMs: number): void;
  audit(entry: AuditEntry): void;
}
