import { createHmac, randomBytes } from 'node:crypto';
import { type WebSocket, WebSocketServer } from 'ws';
import { type LaneId, RelayEngine, type RelayOut } from '../../core/relay/relay-engine.ts';
import type { ChannelInfo } from '../../core/wire/channels.ts';
import { MAX_CONTROL_LENGTH, type RelayMessage } from '../../core/wire/control.ts';
import { DeadlineTimer } from '../base/deadline-timer.ts';
import type { ListeningSockets } from './listen.ts';

export interface RelayServerOptions {
  readonly sockets: ListeningSockets;
  readonly roomName: string;
  readonly maxMembers: number;
  readonly channels: readonly ChannelInfo[];
}

/** A lane with this much unsent is that of a reader who stopped reading: it is cut, so that memory stays bounded. */
const MAX_LANE_BACKLOG_BYTES = 1_048_576;

/** Time for farewells to go out before sockets are torn down, in ms. */
const CLOSE_GRACE_MS = 500;

/** The relay engine on real sockets: control lanes are WebSockets over TLS, voice is UDP. */
export class RelayServer {
  readonly #sockets: ListeningSockets;
  readonly #webSockets: WebSocketServer;
  readonly #engine: RelayEngine;
  readonly #timer: DeadlineTimer;
  readonly #lanes = new Map<LaneId, WebSocket>();
  readonly #counts = { slowLanesCut: 0, binaryMessages: 0, udpSendFailed: 0, laneErrors: 0 };
  readonly #out: RelayOut = {
    sendDatagram: (bytes, lengthBytes, to) => {
      // Incoming datagrams are never written again and can go out as they are; the engine's own answers must be copied.
      const steady =
        bytes === this.#incoming ? bytes : Uint8Array.prototype.slice.call(bytes, 0, lengthBytes);
      this.#sockets.udp.send(steady, 0, lengthBytes, to.port, to.address, this.#onSent);
    },
    sendControl: (lane, message) => this.#sendControl(lane, message),
    closeLane: (lane) => this.#lanes.get(lane)?.close(),
  };
  readonly #onSent = (error: Error | null): void => {
    if (error !== null) this.#counts.udpSendFailed += 1;
  };
  #incoming: Uint8Array | null = null;
  #serialised: { message: RelayMessage; text: string } | null = null;
  #nextLane: LaneId = 1;

  constructor(options: RelayServerOptions) {
    this.#sockets = options.sockets;
    this.#engine = new RelayEngine({
      roomName: options.roomName,
      maxMembers: options.maxMembers,
      channels: options.channels,
      mac: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
      randomToken: () => randomBytes(4).readUInt32BE(),
      randomPathKey: () => new Uint8Array(randomBytes(32)),
    });
    this.#timer = new DeadlineTimer(this.#engine, (nowMs) => this.#engine.handleDeadline(nowMs, this.#out));
    this.#webSockets = new WebSocketServer({
      server: options.sockets.tcp,
      // Bytes, while the engine's limit counts characters: whichever is passed first closes the lane.
      maxPayload: MAX_CONTROL_LENGTH,
      perMessageDeflate: false,
    });
    this.#webSockets.on('connection', (socket) => this.#acceptLane(socket));
    this.#sockets.udp.on('message', (bytes, source) => {
      this.#incoming = bytes;
      this.#engine.handleDatagram(bytes, bytes.length, source, performance.now(), this.#out);
      this.#incoming = null;
    });
    // ICMP answers of clients that are gone; the lane's own end tells the engine.
    this.#sockets.udp.on('error', () => {
      this.#counts.udpSendFailed += 1;
    });
    this.#timer.reschedule();
  }

  counters(): Record<string, number> {
    return { ...this.#engine.stats(), ...this.#counts };
  }

  /** Says farewell, then closes both doors. */
  async close(): Promise<void> {
    this.#timer.stop();
    this.#engine.close(performance.now(), this.#out);
    await new Promise((resolve) => setTimeout(resolve, this.#lanes.size > 0 ? CLOSE_GRACE_MS : 0));
    for (const socket of this.#lanes.values()) socket.terminate();
    this.#webSockets.close();
    await Promise.all([
      new Promise<void>((resolve) => this.#sockets.udp.close(() => resolve())),
      new Promise<void>((resolve) => this.#sockets.tcp.close(() => resolve())),
    ]);
  }

  #acceptLane(socket: WebSocket): void {
    const lane = this.#nextLane;
    this.#nextLane += 1;
    this.#lanes.set(lane, socket);
    socket.on('message', (message, isBinary) => {
      if (isBinary) {
        // Voice through the control lane has its place here; until then binary is no message.
        this.#counts.binaryMessages += 1;
        socket.close();
        return;
      }
      this.#engine.handleLaneMessage(lane, message.toString(), performance.now(), this.#out);
      this.#timer.reschedule();
    });
    socket.on('error', () => {
      this.#counts.laneErrors += 1;
    });
    socket.on('close', () => {
      this.#lanes.delete(lane);
      this.#engine.handleLaneClosed(lane, performance.now(), this.#out);
      this.#timer.reschedule();
    });
    this.#engine.handleLaneOpened(lane, performance.now(), this.#out);
    this.#timer.reschedule();
  }

  #sendControl(lane: LaneId, message: RelayMessage): void {
    const socket = this.#lanes.get(lane);
    if (socket === undefined) return;
    if (socket.bufferedAmount > MAX_LANE_BACKLOG_BYTES) {
      this.#counts.slowLanesCut += 1;
      socket.terminate();
      return;
    }
    // A broadcast passes the same object for each lane: it is written out once.
    if (this.#serialised?.message !== message) this.#serialised = { message, text: JSON.stringify(message) };
    socket.send(this.#serialised.text);
  }
}
