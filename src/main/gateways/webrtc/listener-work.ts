import { randomBytes, randomInt } from 'node:crypto';
import type { Visit } from '../../../core/program/programs.ts';
import { ProgramSender } from './program-sender.ts';
import type { SessionWork } from './session.ts';

/** A listener's connection: the program goes out. */
export class ListenerWork implements SessionWork {
  readonly peerDirection = 'recvonly';
  readonly cname = randomBytes(8).toString('base64url');
  readonly #visit: Visit;
  readonly #sender: ProgramSender;
  #send: (packet: Uint8Array) => void = () => undefined;

  constructor(
    visit: Visit,
    payloadType: number,
    parts: {
      readonly nowMs: () => number;
      readonly backlogBytes: () => number;
      readonly onEnd: () => void;
    },
  ) {
    this.#visit = visit;
    this.#sender = new ProgramSender({
      ...parts,
      program: visit.program,
      payloadType,
      seed: randomInt(2 ** 32),
      cname: this.cname,
      send: (packet) => this.#send(packet),
    });
  }

  get ssrc(): number {
    return this.#sender.ssrc;
  }

  handleConnected(send: (packet: Uint8Array) => void): void {
    this.#send = send;
    this.#sender.start();
  }

  /** What listeners report of their reception changes nothing: everybody gets the same packets. */
  handlePacket(): void {}

  handleClosed(): void {
    this.#sender.stop();
    this.#visit.leave();
  }
}
