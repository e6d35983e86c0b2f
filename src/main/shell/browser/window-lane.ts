import { WebSocket, type WebSocketServer } from 'ws';
import type { AppState, Meters } from '../../../contract/dto.ts';
import type { EventName, EventPayload } from '../../../contract/ipc.ts';
import { MeterPacer } from '../meter-pacer.ts';
import type { ShellProgram } from '../program.ts';
import { MAX_BAD_REQUESTS, RequestAllowance, readRequest } from './request-bounds.ts';

/** Meters are left out for a window with this much unsent, in bytes: it will see newer ones. */
export const MAX_METER_BACKLOG_BYTES = 16_384;

/** A window with this much unsent, in bytes, is hung up on: it stopped reading, and memory is not endless. */
export const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;

/** Close codes of RFC 6455 section 7.4.1. */
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;

/** Requests by what became of them, and events left out. */
export interface LaneCounters {
  requests: number;
  notText: number;
  notJson: number;
  badShape: number;
  tooMany: number;
  metersLeftOut: number;
  backedUp: number;
}

/** The sockets of all open windows: requests in, answers and events out. */
export class WindowLane {
  readonly counters: LaneCounters = {
    requests: 0,
    notText: 0,
    notJson: 0,
    badShape: 0,
    tooMany: 0,
    metersLeftOut: 0,
    backedUp: 0,
  };
  readonly #program: ShellProgram;
  readonly #sockets = new Set<WebSocket>();
  readonly #unsubscribe: (() => void)[];
  readonly #meters = new MeterPacer((meters) => this.#pushMeters(meters));
  readonly #onCountChanged: (open: number) => void;

  /** @param onCountChanged is told how many windows are open, at every change */
  constructor(program: ShellProgram, server: WebSocketServer, onCountChanged: (open: number) => void) {
    this.#program = program;
    this.#onCountChanged = onCountChanged;
    server.on('connection', (socket: WebSocket) => this.#admit(socket));
    this.#unsubscribe = [
      program.onState((state: AppState) => this.#pushAll('stateChanged', state)),
      program.onMeters((meters: Meters) => this.#meters.push(meters)),
      program.onChat((event) => this.#pushAll('chatChanged', event)),
    ];
  }

  get open(): number {
    return this.#sockets.size;
  }

  close(): void {
    for (const end of this.#unsubscribe) end();
    this.#meters.close();
    for (const socket of this.#sockets) socket.close(GOING_AWAY, 'Sidetone quits');
  }

  #admit(socket: WebSocket): void {
    const allowance = new RequestAllowance(performance.now());
    let bad = 0;
    this.#sockets.add(socket);
    this.#onCountChanged(this.#sockets.size);
    socket.on('message', (data, isBinary) => {
      if (!allowance.take(performance.now())) {
        this.counters.tooMany += 1;
        socket.close(POLICY_VIOLATION, 'too many requests');
        return;
      }
      const read = readRequest(isBinary ? null : String(data));
      if (read.ok) {
        this.counters.requests += 1;
        this.#answer(socket, read.request.id, read.request.command, read.request.payload);
        return;
      }
      this.counters[read.reason] += 1;
      bad += 1;
      if (bad >= MAX_BAD_REQUESTS) socket.close(POLICY_VIOLATION, 'malformed requests');
    });
    // An oversized or broken frame ends the socket; `close` follows and does the rest.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#program.onWindowGone();
      this.#onCountChanged(this.#sockets.size);
    });
  }

  async #answer(socket: WebSocket, id: number, command: string, payload: unknown): Promise<void> {
    const result = await this.#program.router.dispatch(command, payload);
    this.#send(
      socket,
      JSON.stringify(result.ok ? { id, answer: result.answer } : { id, error: result.sentence }),
    );
  }

  #pushAll<Name extends EventName>(event: Name, payload: EventPayload<Name>): void {
    if (this.#sockets.size === 0) return;
    const text = JSON.stringify({ event, payload });
    for (const socket of this.#sockets) this.#send(socket, text);
  }

  #pushMeters(meters: Meters): void {
    if (this.#sockets.size === 0) return;
    const text = JSON.stringify({ event: 'metersChanged', payload: meters });
    for (const socket of this.#sockets) {
      if (socket.bufferedAmount > MAX_METER_BACKLOG_BYTES) this.counters.metersLeftOut += 1;
      else this.#send(socket, text);
    }
  }

  #send(socket: WebSocket, text: string): void {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > MAX_BACKLOG_BYTES) {
      this.counters.backedUp += 1;
      socket.terminate();
      return;
    }
    socket.send(text);
  }
}
