import type { RelayMessage } from '../wire/control.ts';

/** One control connection, named by the adapter that owns the socket. Never reused within one engine's life. */
export type LaneId = number;

/** Where a datagram came from or goes to. The adapter's own object (Node's `rinfo`) fits. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * What the relay engine wants done. Every call happens inside one of the engine's handlers; an implementation must
 * not call the engine back from within.
 */
export interface RelayOut {
  /** Sends `bytes[0, lengthBytes)` to `to`. The bytes are valid only during the call. */
  sendDatagram(bytes: Uint8Array, lengthBytes: number, to: Endpoint): void;
  /**
   * Sends one message. A broadcast passes the same object once per lane, so that an adapter can serialise it once.
   */
  sendControl(lane: LaneId, message: RelayMessage): void;
  /** Closes a lane after what was sent to it has gone out. The engine has forgotten the lane already. */
  closeLane(lane: LaneId): void;
}
