import type { RelayMessage } from '../wire/control.ts';
import type { AdminNews, AdminOutcome } from './admin-port.ts';

/** One control connection, named by the adapter that owns the socket. Never reused within one engine's life. */
export type LaneId = number;

/** Names one of the jobs the engine asks its adapter for. Never reused within one engine's life. */
export type JobId = number;

/** Names one command of the admin API. Never reused within one engine's life. */
export type CommandId = number;

/** What became of a comparison. `overflow`: too many wait for theirs. `unreadable`: it could not be made at all. */
export type PasswordVerdict = 'right' | 'wrong' | 'overflow' | 'unreadable';

/** What an adapter knows of a lane when it opens. */
export interface LaneFacts {
  /** IP address of the peer, as the socket tells it. */
  readonly address: string;
  /** LOGIN_SECRET_BYTES out of the TLS exporter, under LOGIN_EXPORTER_LABEL. */
  readonly exporter: Uint8Array;
}

/**
 * What the relay engine wants done. Every call happens inside one of the engine's handlers; an implementation must
 * not call the engine back from within.
 */
export interface RelayOut {
  /**
   * Sends `bytes[0, lengthBytes)` to one packed address (ADDRESS_BYTES, see packed-address.ts). Both are valid only
   * during the call.
   */
  sendDatagram(bytes: Uint8Array, lengthBytes: number, to: Uint8Array): void;
  /**
   * Sends the same bytes to the first `count` records of `addresses`, but not to the one at index `skip` (-1: to all).
   * Bytes and addresses are valid only during the call.
   */
  fanOut(bytes: Uint8Array, lengthBytes: number, addresses: Uint8Array, count: number, skip: number): void;
  /** Sends `bytes[0, lengthBytes)` as one binary message: voice of a member whom UDP does not reach. */
  sendLaneDatagram(lane: LaneId, bytes: Uint8Array, lengthBytes: number): void;
  /**
   * Sends one message. A broadcast passes the same object once per lane, so that an adapter can serialise it once.
   */
  sendControl(lane: LaneId, message: RelayMessage): void;
  /** Closes a lane after what was sent to it has gone out. The engine has forgotten the lane already. */
  closeLane(lane: LaneId): void;
  /** Compares a password with a stored hash, off this thread; answer with `handlePasswordChecked`. */
  checkPassword(job: JobId, password: string, hash: string): void;
  /** Hashes a password, off this thread; answer with `handlePasswordHashed`. */
  hashPassword(job: JobId, password: string): void;
  /** The answer to `handleAdminCommand`: each command has exactly one, within the call or later. */
  answerAdmin(id: CommandId, outcome: AdminOutcome): void;
  /** A change of what `adminView` shows, or a new line in the audit log. Called whether anybody observes or not. */
  tellAdmin(news: AdminNews): void;
}
