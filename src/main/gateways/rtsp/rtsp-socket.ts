import type { Socket } from 'node:net';
import type { OutletEnd, Seat } from '../../../core/program/fan-out.ts';
import type { AccessUnit, ProgramFrame } from '../../../core/program/program-frame.ts';
import { MAX_OPENING_PICTURE_BYTES } from '../../../core/rtsp/opening.ts';
import { RtspConnection } from '../../../core/rtsp/rtsp-connection.ts';
import type { RtspEnd, RtspOut } from '../../../core/rtsp/rtsp-out.ts';
import type { RtspOrigin, RtspParts } from '../../../core/rtsp/rtsp-parts.ts';
import type { Opening, RtspSession } from '../../../core/rtsp/rtsp-session.ts';
import type { DatagramPorts } from './datagram-ports.ts';

/** Longest wait for a player to take the last answer before its connection is cut, in ms. */
const LINGER_MS = 2_000;

/** Silence after which the system asks whether the other side is there, in ms. */
const KEEP_ALIVE_MS = 30_000;

export interface RtspSocketOptions {
  /** Paused. */
  readonly socket: Socket;
  readonly parts: RtspParts;
  readonly origin: RtspOrigin;
  readonly nowMs: () => number;
  readonly datagrams: DatagramPorts | null;
  readonly onDidClose: () => void;
  /** What it sent met a defect of ours; it is cut. */
  readonly onDefect: () => void;
}

/** One RTSP connection: its socket, and its seats in the programs that it plays. */
export class RtspSocket implements RtspOut {
  readonly connection: RtspConnection;
  readonly #options: RtspSocketOptions;
  readonly #seats = new Map<RtspSession, readonly Seat[]>();

  constructor(options: RtspSocketOptions) {
    this.#options = options;
    const { parts, origin, nowMs } = options;
    this.connection = new RtspConnection(parts, origin, () => this.end('revoked'), nowMs());
  }

  start(): void {
    const { socket, nowMs, onDidClose, onDefect } = this.#options;
    socket.on('data', (bytes: Buffer) => {
      try {
        this.connection.handleBytes(bytes, nowMs(), this);
      } catch {
        // It costs that connection, and not all of them.
        onDefect();
        socket.destroy();
      }
    });
    socket.once('close', () => {
      this.connection.handleClosed(nowMs(), this);
      onDidClose();
    });
    socket.on('error', () => socket.destroy());
    // Where nothing is on, nothing is sent: only this finds out that the player is gone.
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.resume();
  }

  tick(nowMs: number): void {
    if (this.connection.nextDeadlineMs() <= nowMs) this.connection.handleTime(nowMs, this);
  }

  send(bytes: Uint8Array): void {
    const { socket } = this.#options;
    if (socket.writable) socket.write(bytes);
  }

  sendDatagram(kind: 'rtp' | 'rtcp', port: number, packet: Uint8Array): void {
    const { datagrams, origin } = this.#options;
    datagrams?.send(kind, origin.address, port, packet);
  }

  backlogBytes(): number {
    return this.#options.socket.writableLength;
  }

  play(session: RtspSession, { frames, units }: Opening): void {
    const { nowMs } = this.#options;
    const { program } = session.visit;
    const backlogBytes = (): number => this.backlogBytes();
    const end = (reason: OutletEnd): void => this.#finish(reason === 'closed' ? 'programClosed' : 'tooSlow');
    const seats: Seat[] = [];
    if (session.hasPictures) seats.push(this.#joinPictures(session, units, { backlogBytes, end }));
    const send = (frame: ProgramFrame): void => {
      this.connection.handleFrame(session, frame, nowMs(), this);
    };
    // Pictures that wait are no reason to lose sound: it would be missing for as long as an opening takes.
    const pictureBytes = session.hasPictures ? MAX_OPENING_PICTURE_BYTES : 0;
    const soundBytes = (): number => Math.max(0, backlogBytes() - pictureBytes);
    seats.push(program.frames.join({ send, backlogBytes: soundBytes, end }, frames));
    this.#seats.set(session, seats);
    if (this.connection.over) this.stop(session);
  }

  stop(session: RtspSession): void {
    for (const seat of this.#seats.get(session) ?? []) seat.leave();
    this.#seats.delete(session);
  }

  /** Ends it from this side, or as the engine says. */
  end(reason: RtspEnd): void {
    if (!this.connection.over) {
      this.#finish(reason);
      return;
    }
    const { socket } = this.#options;
    socket.end();
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  }

  #finish(reason: RtspEnd): void {
    this.connection.handleEnd(reason, this.#options.nowMs(), this);
  }

  #joinPictures(
    session: RtspSession,
    opening: readonly AccessUnit[],
    part: { backlogBytes: () => number; end: (reason: OutletEnd) => void },
  ): Seat {
    let seat: Seat | null = null;
    let lost = 0;
    const send = (unit: AccessUnit): void => {
      const hasLost = seat !== null && seat.lost > lost;
      lost = seat?.lost ?? 0;
      this.connection.handleAccessUnit(session, unit, hasLost, this.#options.nowMs(), this);
    };
    seat = session.visit.program.units.join({ send, ...part }, opening);
    return seat;
  }
}
