import type { Visit } from '../../../core/program/programs.ts';
import { readCandidate, writeCandidate } from '../../../core/webrtc/ice-candidate.ts';
import {
  OFFERED_MID,
  OFFERED_PAYLOAD_TYPE,
  writeCheckedPeer,
  writeOffer,
} from '../../../core/webrtc/own-description.ts';
import { MAX_CANDIDATES, readOwnTransport, readPeer } from '../../../core/webrtc/peer-description.ts';
import { ListenerWork } from './listener-work.ts';
import type { Peer } from './peers.ts';
import { reachable, type SessionParts } from './session.ts';

/** A dashboard that has not answered and connected within this time is let go, in ms: a person may have to agree. */
const CONNECT_LIMIT_MS = 30_000;

export interface UplinkViewerEvents {
  /** Ours is ready to be offered. @param candidates those within it, one by one */
  handleOffer(sdp: string, candidates: readonly string[]): void;
  /** It is over and was not closed by us: once. @param wasConnected it ended; otherwise it never was */
  handleGone(wasConnected: boolean): void;
}

/** The connection to one dashboard, offered by us. */
export class UplinkViewer {
  readonly #work: ListenerWork;
  readonly #parts: SessionParts;
  readonly #events: UplinkViewerEvents;
  readonly #limit: NodeJS.Timeout;
  #peer: Peer | null = null;
  #answered = false;
  /** Candidates that came before the answer they belong to. */
  #early: string[] = [];
  #candidates = 0;
  #connected = false;
  #over = false;

  constructor(
    visit: Visit,
    parts: SessionParts & { readonly nowMs: () => number },
    events: UplinkViewerEvents,
  ) {
    this.#parts = parts;
    this.#events = events;
    this.#limit = setTimeout(() => this.#fail(), CONNECT_LIMIT_MS);
    this.#work = new ListenerWork(visit, OFFERED_PAYLOAD_TYPE, {
      nowMs: parts.nowMs,
      backlogBytes: () => parts.peers.backlogBytes,
      onEnd: () => this.#fail(),
    });
  }

  open(): void {
    const peer = this.#parts.peers.open(null, {
      handleDescribed: (description) => this.#handleDescribed(description),
      handleConnected: () => {
        if (this.#over) return;
        clearTimeout(this.#limit);
        this.#connected = true;
        this.#work.handleConnected((packet) => this.#peer?.send(packet));
      },
      handlePacket: () => undefined,
      handleGone: () => this.#fail(),
    });
    if (peer === null) this.#fail();
    else this.#peer = peer;
  }

  /** @returns false: it is no answer to what we offered */
  setAnswer(sdp: string): boolean {
    const reading = readPeer(sdp, 'hears');
    if (!reading.ok || this.#over || this.#answered) return false;
    const { peer } = reading;
    const fits =
      peer.mid === OFFERED_MID && peer.payloadType === OFFERED_PAYLOAD_TYPE && peer.setup !== 'actpass';
    if (!fits) return false;
    this.#answered = true;
    this.#peer?.setAnswer(writeCheckedPeer(peer, 'recvonly'), peer.fingerprint);
    for (const candidate of this.#early) this.#peer?.addCandidate(candidate, OFFERED_MID);
    this.#early = [];
    return true;
  }

  /** @returns false: it is none that we can use */
  addCandidate(text: string): boolean {
    const candidate = readCandidate(text);
    if (candidate === null || this.#over || this.#candidates === MAX_CANDIDATES) return false;
    this.#candidates += 1;
    const line = writeCandidate(candidate);
    if (this.#answered) this.#peer?.addCandidate(line, OFFERED_MID);
    else this.#early.push(line);
    return true;
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#limit);
    this.#work.handleClosed();
    this.#peer?.close();
  }

  #handleDescribed(description: string): void {
    const own = readOwnTransport(description);
    if (own === null) {
      this.#fail();
      return;
    }
    const all = reachable(own, this.#parts.publicAddresses());
    this.#events.handleOffer(
      writeOffer(all, this.#work.ssrc, this.#work.cname),
      all.candidates.map(writeCandidate),
    );
  }

  #fail(): void {
    if (this.#over) return;
    this.close();
    this.#events.handleGone(this.#connected);
  }
}
