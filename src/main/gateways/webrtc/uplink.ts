import { type Counters, createCounters } from '../../../core/base/counters.ts';
import { visitSentence } from '../../../core/program/programs.ts';
import { RobotSession } from '../../../core/signalling/robot-session.ts';
import { uplinkTarget } from '../../../core/signalling/uplink-address.ts';
import { OFFERED_MID } from '../../../core/webrtc/own-description.ts';
import type { GatewayParts } from '../gateway.ts';
import type { SignallingUplink } from '../gateways-protocol.ts';
import { RelaySocket } from './relay-socket.ts';
import type { SessionParts } from './session.ts';
import { UplinkViewer } from './uplink-viewer.ts';

/** A relay is not asked more often than this, whatever the settings say, in ms. */
const MIN_RECONNECT_MS = 250;

/** Whom a dashboard's visit is counted for: it comes by way of the relay, from nobody in particular. */
const ADDRESS = '127.0.0.1';

const NO_CONNECTION = 'The room could not make a connection.';

const COUNTED = [
  'badAddress',
  'connects',
  'connected',
  'closed',
  'refusedViewer',
  'badAnswer',
  'unusedCandidate',
] as const;
type UplinkCounter = (typeof COUNTED)[number];

/**
 * Offers a channel's program to dashboards through somebody else's relay: connects to it, again and again, and makes
 * a connection for whoever is there. Nothing it counts or says holds an address or a key.
 */
export class Uplink {
  readonly #gateway: GatewayParts;
  readonly #parts: SessionParts & { readonly nowMs: () => number };
  readonly #uplink: SignallingUplink;
  readonly #counters: Counters<UplinkCounter> = createCounters(COUNTED);
  #session: RobotSession | null = null;
  readonly #sums: Record<string, number> = {};
  #socket: RelaySocket | null = null;
  #viewer: UplinkViewer | null = null;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(gateway: GatewayParts, parts: SessionParts, uplink: SignallingUplink) {
    this.#gateway = gateway;
    this.#parts = { ...parts, nowMs: gateway.nowMs };
    this.#uplink = uplink;
    this.#connect();
  }

  counters(): Readonly<Record<string, number>> {
    const sums = { ...this.#sums };
    addTo(sums, this.#counters);
    addTo(sums, this.#session?.counters ?? {});
    return sums;
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#endSession();
    this.#socket?.close();
    this.#socket = null;
  }

  #connect(): void {
    this.#timer = null;
    const target = uplinkTarget(this.#uplink);
    if (target === null) {
      this.#counters.badAddress += 1;
      return;
    }
    this.#counters.connects += 1;
    try {
      this.#socket = new RelaySocket(target, {
        handleOpen: () => this.#begin(),
        handleText: (text) => this.#session?.handleText(text, this.#gateway.nowMs()),
        handleClosed: () => this.#handleClosed(),
      });
    } catch {
      // An address that the library does not take; it will not by trying again.
      this.#counters.badAddress += 1;
    }
  }

  #handleClosed(): void {
    this.#counters.closed += 1;
    this.#socket = null;
    this.#endSession();
    if (this.#closed) return;
    const delayMs = Math.max(MIN_RECONNECT_MS, this.#uplink.reconnectMs);
    this.#timer = setTimeout(() => this.#connect(), delayMs);
  }

  #begin(): void {
    this.#counters.connected += 1;
    this.#session = new RobotSession({
      send: (text) => this.#socket?.send(text),
      openViewer: (viewer) => this.#openViewer(viewer),
      answerViewer: (_viewer, sdp) => {
        if (this.#viewer?.setAnswer(sdp) !== true) this.#counters.badAnswer += 1;
      },
      addCandidate: (_viewer, candidate) => {
        // An empty one says that there are no more.
        if (candidate !== '' && this.#viewer?.addCandidate(candidate) !== true)
          this.#counters.unusedCandidate += 1;
      },
      closeViewer: () => this.#closeViewer(),
    });
  }

  #endSession(): void {
    this.#session?.close();
    addTo(this.#sums, this.#session?.counters ?? {});
    this.#session = null;
    this.#closeViewer();
  }

  #openViewer(number: number): void {
    const session = this.#session;
    if (session === null) return;
    let viewer: UplinkViewer | null = null;
    const gone = (problem: string): void => {
      if (this.#viewer === viewer) this.#viewer = null;
      viewer?.close();
      session.handleViewerGone(number, problem);
    };
    const admission = this.#gateway.programs.admit(
      {
        channel: this.#uplink.channel,
        purpose: 'listen',
        // Whoever put the uplink into the settings may open the channel to the relay's dashboards.
        proof: { kind: 'verified' },
        address: ADDRESS,
        private: true,
        onDidRevoke: () => gone(visitSentence('unknownChannel')),
      },
      this.#gateway.nowMs(),
    );
    if (!admission.ok) {
      this.#counters.refusedViewer += 1;
      session.handleViewerGone(number, visitSentence(admission.reason));
      return;
    }
    viewer = new UplinkViewer(admission.visit, this.#parts, {
      handleOffer: (sdp, candidates) => {
        session.handleOffer(number, sdp);
        for (const candidate of candidates) session.handleOwnCandidate(number, candidate, OFFERED_MID, 0);
      },
      handleGone: (wasConnected) => gone(wasConnected ? '' : NO_CONNECTION),
    });
    this.#viewer = viewer;
    viewer.open();
  }

  #closeViewer(): void {
    this.#viewer?.close();
    this.#viewer = null;
  }
}

/** Under names that say whose they are. */
function addTo(sums: Record<string, number>, counters: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counters)) {
    const key = `uplink.${name}`;
    sums[key] = (sums[key] ?? 0) + count;
  }
}
