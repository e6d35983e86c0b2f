import type { ChaosSettings } from '../../core/chaos/chaos-settings.ts';
import type { NetworkTrace } from '../../core/chaos/network-trace.ts';
import { PathEngine } from '../../core/session/path-engine.ts';
import type { VoicePath } from '../../core/wire/control.ts';
import { createHeader, type DatagramHeader, decodeHeader, FLAG_CONTROL } from '../../core/wire/datagram.ts';
import type { Mac } from '../../core/wire/probe.ts';
import { DeadlineTimer } from '../base/deadline-timer.ts';
import { ChaosLine, type TraceText } from './chaos-line.ts';

/** What sends datagrams to one relay. */
export interface VoiceTransport {
  readonly counters: Readonly<Record<string, number>>;
  send(bytes: Uint8Array, lengthBytes: number): void;
  close(): void;
}

export type OpenTransport = (
  address: string,
  port: number,
  onDatagram: (bytes: Uint8Array, lengthBytes: number) => void,
) => VoiceTransport;

export interface VoiceLinkOptions {
  readonly address: string;
  readonly port: number;
  readonly token: number;
  readonly pathKey: Uint8Array;
  readonly mac: Mac;
  readonly openTransport: OpenTransport;
  /** Of the owner, who keeps it from link to link; without one, each link has its own, and none of it is on. */
  readonly chaos?: ChaosLine;
  /** A voice datagram came; both are lent for the call. */
  readonly onVoice: (header: DatagramHeader, bytes: Uint8Array, lengthBytes: number, nowMs: number) => void;
  /** The bytes are the receiver's to keep. */
  readonly sendLane: (bytes: Uint8Array) => void;
  readonly onDidChangePath: (path: VoicePath) => void;
}

/**
 * The ways to and from the relay under one path key: a socket, the control lane, and the engine that chooses.
 *
 * Chaos lies on all that leaves through the socket, path probes included: the measured ping is that of the bad network,
 * and one that is bad enough counts as dead, as it would.
 */
export class VoiceLink {
  readonly #options: VoiceLinkOptions;
  readonly #transport: VoiceTransport;
  readonly #chaos: ChaosLine;
  readonly #path: PathEngine;
  readonly #timer: DeadlineTimer;
  readonly #header = createHeader();
  readonly #discarded: Record<string, number> = {};
  readonly #lane = { sent: 0, received: 0 };
  readonly #out = {
    sendDatagram: (bytes: Uint8Array, lengthBytes: number): void => this.#chaos.send(bytes, lengthBytes),
    sendLaneDatagram: (bytes: Uint8Array, lengthBytes: number): void => this.#sendLane(bytes, lengthBytes),
    onDidChangeVoicePath: (path: VoicePath): void => this.#options.onDidChangePath(path),
  };

  constructor(options: VoiceLinkOptions) {
    this.#options = options;
    const { address, port, token, pathKey, mac } = options;
    this.#path = new PathEngine({ token, pathKey, mac });
    this.#timer = new DeadlineTimer(this.#path, (nowMs) => this.#path.handleDeadline(nowMs, this.#out));
    this.#transport = options.openTransport(address, port, (bytes, lengthBytes) =>
      this.#handleDatagram('udp', bytes, lengthBytes),
    );
    this.#chaos = options.chaos ?? new ChaosLine();
    this.#chaos.attach(this.#transport);
    this.#path.handleStart(performance.now(), this.#out);
    this.#timer.reschedule();
  }

  get alive(): boolean {
    return this.#path.alive;
  }

  get pingMs(): number | null {
    return this.#path.pingMs;
  }

  deafForMs(nowMs: number): number | null {
    return this.#path.deafForMs(nowMs);
  }

  /** Sends a voice datagram by the way that voice takes now. */
  sendDatagram(bytes: Uint8Array, lengthBytes: number): void {
    if (this.#path.voicePath === 'udp') this.#chaos.send(bytes, lengthBytes);
    else this.#sendLane(bytes, lengthBytes);
  }

  handleLaneDatagram(bytes: Uint8Array): void {
    this.#lane.received += 1;
    this.#handleDatagram('lane', bytes, bytes.length);
  }

  /** See ChaosLine, as for all that follow. */
  setChaos(settings: ChaosSettings, seed: number): void {
    this.#chaos.setChaos(settings, seed);
  }

  startTrace(): void {
    this.#chaos.startTrace();
  }

  stopTrace(): TraceText {
    return this.#chaos.stopTrace();
  }

  replay(trace: NetworkTrace | null): void {
    this.#chaos.replay(trace);
  }

  close(): void {
    this.#timer.stop();
    this.#chaos.detach();
    this.#transport.close();
  }

  counters(): Record<string, Record<string, number>> {
    return {
      udp: { ...this.#transport.counters },
      chaos: this.#chaos.counters(),
      lane: { ...this.#lane },
      path: { ...this.#path.counters },
      discarded: { ...this.#discarded },
    };
  }

  #sendLane(bytes: Uint8Array, lengthBytes: number): void {
    this.#lane.sent += 1;
    this.#options.sendLane(bytes.slice(0, lengthBytes));
  }

  #handleDatagram(way: VoicePath, bytes: Uint8Array, lengthBytes: number): void {
    const nowMs = performance.now();
    const result = decodeHeader(bytes, lengthBytes, this.#header);
    if (!result.ok) {
      this.#discarded[result.reason] = (this.#discarded[result.reason] ?? 0) + 1;
      return;
    }
    if ((this.#header.flags & FLAG_CONTROL) === 0) {
      this.#options.onVoice(this.#header, bytes, lengthBytes, nowMs);
      return;
    }
    if (way === 'udp') this.#path.handleDatagram(bytes, lengthBytes, nowMs, this.#out);
    else this.#path.handleLaneDatagram(bytes, lengthBytes, nowMs, this.#out);
    this.#timer.reschedule();
  }
}
