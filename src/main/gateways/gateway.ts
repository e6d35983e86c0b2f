import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Programs } from '../../core/program/programs.ts';
import type { CertificatePair } from '../base/certificate-pair.ts';

/** What every gateway is given. */
export interface GatewayParts {
  /** Hands out programs to those who may have them. */
  readonly programs: Programs;
  /** Lets a talking listener be heard by the channel's members and by the other listeners. */
  readonly talk: TalkPort;
  /** Engine clock, in ms. */
  readonly nowMs: () => number;
}

/** Voices of listeners, on their way into a channel. */
export interface TalkPort {
  /**
   * The next Opus packet of a talker.
   *
   * @param talker the same object for every packet of one listener
   * @returns false: somebody else talks, or nobody may
   */
  speak(channel: number, talker: object, packet: Uint8Array): boolean;
  /** The talker let go of the key, or is gone. */
  pause(channel: number, talker: object): void;
}

/** Where a connection came from. */
export interface Origin {
  /** Numeric address of the peer. */
  readonly address: string;
  /** Over TLS. */
  readonly secure: boolean;
  /** Nobody on the way can read it: TLS, or from this machine. */
  readonly private: boolean;
}

/** A request on the web port. Its host is what the client says, and is not to be trusted. */
export interface WebRequest {
  readonly origin: Origin;
  readonly request: IncomingMessage;
  /** The request's target on a host that stands for this relay. */
  readonly url: URL;
}

/**
 * A request with a body that HTTP does not know: source clients that just go on sending (`SOURCE`, or `PUT` with
 * neither length nor chunks).
 */
export interface RawRequest {
  readonly origin: Origin;
  /** In capitals. */
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Paused; gives everything behind the head, from its first byte on. The gateway answers into it, and ends it. */
  readonly socket: Duplex;
}

/**
 * A way to listen or to publish. It plugs into the kernel by `Programs` and into the web port by what it answers; a
 * port of its own it opens by `openDoor`. Adding one touches its folder and the list in gateways-worker.ts alone.
 */
export interface Gateway {
  /** Prefix of its counters. */
  readonly name: string;
  /** Its own port, where it has one. */
  readonly port?: number;
  /** Asked in turn until one says that it is the one. @returns false: not mine */
  handleRequest?(web: WebRequest, response: ServerResponse): boolean;
  /** A request to upgrade. @returns false: not mine */
  handleUpgrade?(web: WebRequest, socket: Duplex, head: Buffer): boolean;
  /** @returns false: not mine */
  handleRaw?(raw: RawRequest): boolean;
  /** Told to gateways with a port of their own: for connections from now on. */
  renewCertificate?(certificate: CertificatePair): void;
  /** Since the start, by name; refusals by reason among them. */
  counters(): Readonly<Record<string, number>>;
  /** Ends everything it does. */
  close(): Promise<void>;
}
