import type { SessionToken } from '../../core/base/brand.ts';
import { PathEngine } from '../../core/session/path-engine.ts';
import type { VoiceReceiver } from '../../core/voice/voice-receiver.ts';
import { VoiceSender } from '../../core/voice/voice-sender.ts';
import { createHeader, decodeHeader, FLAG_CONTROL } from '../../core/wire/datagram.ts';
import type { Mac } from '../../core/wire/probe.ts';
import { DeadlineTimer } from '../base/deadline-timer.ts';
import { UdpTransport } from './udp-transport.ts';

export interface VoiceSessionOptions {
  readonly address: string;
  readonly port: number;
  readonly token: number;
  readonly pathKey: Uint8Array;
  readonly mac: Mac;
  readonly receiver: VoiceReceiver;
}

/** The UDP side of one session: a socket, its path probes, voice out and voice in. */
export class VoiceSession {
  readonly #transport: UdpTransport;
  readonly #path: PathEngine;
  readonly #timer: DeadlineTimer;
  readonly #sender = new VoiceSender();
  readonly #receiver: VoiceReceiver;
  readonly #header = createHeader();
  readonly #discarded: Record<string, number> = {};
  readonly #out = {
    sendDatagram: (bytes: Uint8Array, lengthBytes: number) => this.#transport.send(bytes, lengthBytes),
  };

  constructor(options: VoiceSessionOptions) {
    this.#receiver = options.receiver;
    this.#sender.setToken(options.token as SessionToken);
    this.#path = new PathEngine({ token: options.token, pathKey: options.pathKey, mac: options.mac });
    this.#timer = new DeadlineTimer(this.#path, (nowMs) => this.#path.handleDeadline(nowMs, this.#out));
    this.#transport = new UdpTransport(options.address, options.port, (bytes, lengthBytes) =>
      this.#handleDatagram(bytes, lengthBytes),
    );
    this.#path.handleStart(performance.now(), this.#out);
    this.#timer.reschedule();
  }

  get pathAlive(): boolean {
    return this.#path.alive;
  }

  get pingMs(): number | null {
    return this.#path.pingMs;
  }

  handleFrame(packet: Uint8Array, lengthBytes: number, timestamp: number, last: boolean): void {
    this.#sender.handleFrame(packet, lengthBytes, timestamp, last, this.#out);
  }

  close(): void {
    this.#timer.stop();
    this.#transport.close();
  }

  counters(): Record<string, Record<string, number>> {
    return {
      udp: { ...this.#transport.counters },
      send: this.#sender.counters(),
      path: { ...this.#path.counters },
      discarded: { ...this.#discarded },
    };
  }

  #handleDatagram(bytes: Uint8Array, lengthBytes: number): void {
    const nowMs = performance.now();
    const result = decodeHeader(bytes, lengthBytes, this.#header);
    if (!result.ok) {
      this.#discarded[result.reason] = (this.#discarded[result.reason] ?? 0) + 1;
      return;
    }
    if ((this.#header.flags & FLAG_CONTROL) !== 0) {
      this.#path.handleDatagram(bytes, lengthBytes, nowMs, this.#out);
      this.#timer.reschedule();
      return;
    }
    this.#receiver.handleDatagram(this.#header, bytes, lengthBytes, nowMs);
  }
}
