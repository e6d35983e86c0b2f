import {
  type IceCandidate,
  withPublicAddresses,
  writeCandidate,
} from '../../../core/webrtc/ice-candidate.ts';
import type { IceFragment } from '../../../core/webrtc/ice-fragment.ts';
import { type Direction, writeAnswer, writeCheckedPeer } from '../../../core/webrtc/own-description.ts';
import {
  MAX_CANDIDATES,
  type PeerDescription,
  readOwnTransport,
  type Transport,
} from '../../../core/webrtc/peer-description.ts';
import type { Peer, PeerMaker } from './peers.ts';

/** A connection that is not made within this time after it was agreed on is given up, in ms. */
const CONNECT_LIMIT_MS = 20_000;

/** The library has so long to say how we are reached, in ms: it asks nobody, so it knows at once. */
const DESCRIBE_LIMIT_MS = 5_000;

/**
 * The peer's addresses are not tried before this time after the answer, in ms: some libraries, studio programs' among
 * them, let a handshake begin while they still take the answer in, and then know no fingerprint to check. Whoever can
 * reach us has done so by then, and has told us where it is.
 */
const CANDIDATES_AFTER_MS = 500;

/** What flows over a connection, one way. */
export interface SessionWork {
  /** What the peer does. */
  readonly peerDirection: Direction;
  /** The source that we send; null: we hear. */
  readonly ssrc: number | null;
  readonly cname: string;
  handleConnected(send: (packet: Uint8Array) => void): void;
  handlePacket(bytes: Uint8Array): void;
  /** It is over; once, whatever ended it. */
  handleClosed(): void;
}

export interface SessionParts {
  readonly peers: PeerMaker;
  /** Numeric addresses that others reach this machine by. */
  readonly publicAddresses: () => readonly string[];
}

/** One client's connection, from its offer on. */
export class Session {
  readonly #parts: SessionParts;
  readonly #offer: PeerDescription;
  readonly #work: SessionWork;
  readonly #onOver: () => void;
  #peer: Peer | null = null;
  #limit: NodeJS.Timeout | null = null;
  #over = false;
  #timer: NodeJS.Timeout | null = null;
  /** Where the peer may be, as long as we wait with trying; null: we no longer do. */
  #waiting: IceCandidate[] | null;
  #candidates: number;
  #answered: (answer: string | null) => void = () => undefined;

  /** @param onOver it is over, for whatever reason; once */
  constructor(parts: SessionParts, offer: PeerDescription, work: SessionWork, onOver: () => void) {
    this.#parts = parts;
    this.#offer = offer;
    this.#work = work;
    this.#onOver = onOver;
    this.#waiting = [...offer.candidates];
    this.#candidates = offer.candidates.length;
  }

  /** Makes our end. @returns the answer; null: there can be none, and it is over */
  open(): Promise<string | null> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#limit = setTimeout(() => this.close(), DESCRIBE_LIMIT_MS);
      const offer = writeCheckedPeer({ ...this.#offer, candidates: [] }, this.#work.peerDirection);
      const peer = this.#parts.peers.open(offer, {
        handleDescribed: (description) => this.#handleDescribed(description),
        handleConnected: () => this.#handleConnected(),
        handlePacket: (bytes) => {
          if (!this.#over) this.#work.handlePacket(bytes);
        },
        handleGone: () => this.close(),
      });
      if (peer === null) this.close();
      else this.#peer = peer;
    });
  }

  /** Further candidates of the peer. @returns false: it wants to begin anew, which it cannot */
  addCandidates({ ice, candidates }: IceFragment): boolean {
    const { ufrag, pwd } = this.#offer.ice;
    if (ice !== null && (ice.ufrag !== ufrag || ice.pwd !== pwd)) return false;
    for (const candidate of candidates.slice(0, MAX_CANDIDATES - this.#candidates)) {
      this.#candidates += 1;
      if (this.#waiting === null) this.#addCandidate(candidate);
      else this.#waiting.push(candidate);
    }
    return true;
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#clearTimers();
    this.#work.handleClosed();
    this.#peer?.close();
    this.#answered(null);
    this.#onOver();
  }

  #tryCandidates(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const candidate of waiting) this.#addCandidate(candidate);
  }

  #addCandidate(candidate: IceCandidate): void {
    this.#peer?.addCandidate(writeCandidate(candidate), this.#offer.mid);
  }

  #handleDescribed(description: string): void {
    const own = readOwnTransport(description);
    if (own === null) {
      this.close();
      return;
    }
    this.#clearTimers();
    this.#limit = setTimeout(() => this.close(), CONNECT_LIMIT_MS);
    this.#timer = setTimeout(() => this.#tryCandidates(), CANDIDATES_AFTER_MS);
    const { peerDirection, ssrc, cname } = this.#work;
    const direction = peerDirection === 'recvonly' ? 'sendonly' : 'recvonly';
    this.#answered(
      writeAnswer(this.#offer, reachable(own, this.#parts.publicAddresses()), { direction, ssrc, cname }),
    );
  }

  #handleConnected(): void {
    if (this.#over) return;
    this.#clearTimers();
    this.#work.handleConnected((packet) => this.#peer?.send(packet));
  }

  #clearTimers(): void {
    for (const timer of [this.#limit, this.#timer]) if (timer !== null) clearTimeout(timer);
    this.#limit = null;
    this.#timer = null;
  }
}

/** Our end as others may reach it. */
export function reachable(own: Transport, publicAddresses: readonly string[]): Transport {
  return { ...own, candidates: withPublicAddresses(own.candidates, publicAddresses) };
}
