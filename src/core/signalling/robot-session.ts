import { type Counters, createCounters } from '../base/counters.ts';
import { TokenBucket } from '../relay/token-bucket.ts';
import { readSignal, type Signal, writeSignal } from './signal-message.ts';

/** What the room's side of a relay connection does. */
export interface RobotOut {
  send(text: string): void;
  /** A connection to a viewer is to be made; its offer comes back by `handleOffer`. */
  openViewer(viewer: number): void;
  answerViewer(viewer: number, sdp: string): void;
  addCandidate(viewer: number, candidate: string, mid: string | null): void;
  closeViewer(viewer: number): void;
}

const COUNTED = [
  'ready',
  'offers',
  'answers',
  'candidates',
  'welcomes',
  'errors',
  'offerIgnored',
  'answerUnexpected',
  'candidateUnexpected',
  'readyTooFast',
  'viewerFailed',
  'messageTooLong',
  'messageNotJson',
  'messageUnknown',
] as const;
export type RobotCounter = (typeof COUNTED)[number];

/** Viewers in the long run and at once: each costs a handshake, and ends the one before. */
export const VIEWERS_PER_SECOND = 1;
export const VIEWER_BURST = 10;

const TOO_FAST = 'Too many viewers came at once. Wait a little.';

/**
 * A room's connection to a signalling relay, without the socket. One viewer at a time: when a dashboard is ready, the
 * one before is closed, a connection is made and offered; the dashboard answers. What a dashboard offers itself is
 * ignored.
 */
export class RobotSession {
  readonly counters: Counters<RobotCounter> = createCounters(COUNTED);
  readonly #out: RobotOut;
  #lastViewer = 0;
  #viewer: number | null = null;
  #offered = false;
  #answered = false;
  #viewers: TokenBucket | null = null;

  constructor(out: RobotOut) {
    this.#out = out;
  }

  /** Whoever is connected, or being connected; null: nobody. */
  get viewer(): number | null {
    return this.#viewer;
  }

  handleText(text: string, nowMs: number): void {
    const reading = readSignal(text);
    this.counters[reading.ok ? this.#handle(reading.signal, nowMs) : reading.reason] += 1;
  }

  /** The connection that was asked for is ready to be offered. */
  handleOffer(viewer: number, sdp: string): void {
    if (viewer !== this.#viewer || this.#offered) return;
    this.#offered = true;
    this.counters.offers += 1;
    this.#out.send(writeSignal({ type: 'offer', sdp }));
  }

  /** A further address that the viewer can reach us by. */
  handleOwnCandidate(viewer: number, candidate: string, mid: string, index: number): void {
    if (viewer !== this.#viewer || !this.#offered) return;
    this.#out.send(writeSignal({ type: 'ice_candidate', candidate, sdp_mid: mid, sdp_mline_index: index }));
  }

  /** The viewer's connection is over. @param problem a sentence for the dashboard; empty: none is needed */
  handleViewerGone(viewer: number, problem = ''): void {
    if (viewer !== this.#viewer) return;
    this.#viewer = null;
    if (problem === '') return;
    this.counters.viewerFailed += 1;
    this.#out.send(writeSignal({ type: 'error', message: problem }));
  }

  /** The relay is gone: the viewer's connection is cleaned up with it. */
  close(): void {
    if (this.#viewer !== null) this.#out.closeViewer(this.#viewer);
    this.#viewer = null;
  }

  /** @returns what it was */
  #handle(signal: Signal, nowMs: number): RobotCounter {
    switch (signal.type) {
      case 'ready':
        return this.#handleReady(nowMs);
      case 'answer':
        return this.#handleAnswer(signal.sdp);
      case 'ice_candidate':
        return this.#handleCandidate(signal.candidate, signal.sdp_mid ?? null);
      case 'offer':
        return 'offerIgnored';
      case 'welcome':
        return 'welcomes';
      case 'error':
        return 'errors';
    }
  }

  #handleReady(nowMs: number): RobotCounter {
    this.#viewers ??= new TokenBucket(VIEWERS_PER_SECOND, VIEWER_BURST, nowMs);
    if (!this.#viewers.take(nowMs)) {
      this.#out.send(writeSignal({ type: 'error', message: TOO_FAST }));
      return 'readyTooFast';
    }
    if (this.#viewer !== null) this.#out.closeViewer(this.#viewer);
    this.#lastViewer += 1;
    this.#viewer = this.#lastViewer;
    this.#offered = false;
    this.#answered = false;
    this.#out.openViewer(this.#viewer);
    return 'ready';
  }

  #handleAnswer(sdp: string): RobotCounter {
    if (this.#viewer === null || !this.#offered || this.#answered) return 'answerUnexpected';
    this.#answered = true;
    this.#out.answerViewer(this.#viewer, sdp);
    return 'answers';
  }

  #handleCandidate(candidate: string, mid: string | null): RobotCounter {
    if (this.#viewer === null || !this.#offered) return 'candidateUnexpected';
    this.#out.addCandidate(this.#viewer, candidate, mid);
    return 'candidates';
  }
}
