import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import { assert } from '../../core/base/assert.ts';
import type {
  AdminActor,
  AdminCommand,
  AdminNews,
  AdminOutcome,
  AdminView,
} from '../../core/relay/admin-port.ts';
import {
  type CommandId,
  type LaneFacts,
  type LaneId,
  RelayEngine,
  type RelayOut,
} from '../../core/relay/relay-engine.ts';
import type { RelaySnapshot, RelayStore } from '../../core/relay/relay-store.ts';
import { type Ban, MAX_LANE_MESSAGE_BYTES, type RelayMessage } from '../../core/wire/control.ts';
import { MAX_DATAGRAM_BYTES } from '../../core/wire/datagram.ts';
import { LOGIN_EXPORTER_LABEL, LOGIN_SECRET_BYTES } from '../../core/wire/login.ts';
import { DeadlineTimer } from '../base/deadline-timer.ts';
import { PasswordHasher } from '../base/password-hasher.ts';
import { AddressRanges, isRange, plainAddress } from './address-range.ts';
import { ConnectionLimit } from './connection-limit.ts';
import { engineCrypto } from './engine-crypto.ts';
import { LaneSocket } from './lane-socket.ts';
import type { ListeningSockets } from './listen.ts';
import type { StopReason } from './relay-protocol.ts';
import type { VoiceSocketKind } from './udp/voice-socket.ts';

export interface RelayServerOptions {
  readonly sockets: ListeningSockets;
  readonly roomName: string;
  readonly maxMembers: number;
  readonly snapshot: RelaySnapshot;
  readonly store: RelayStore;
  /** base64url of the host's Ed25519 public key; null: nobody's room. */
  readonly ownerIdentity: string | null;
}

/** Time for farewells to go out before sockets are torn down, in ms. */
const CLOSE_GRACE_MS = 500;

/** The relay engine on real sockets: control lanes are WebSockets over TLS, voice is UDP. */
export class RelayServer {
  readonly #sockets: ListeningSockets;
  readonly #webSockets: WebSocketServer;
  readonly #engine: RelayEngine;
  readonly #timer: DeadlineTimer;
  readonly #hasher = new PasswordHasher();
  readonly #connections: ConnectionLimit;
  readonly #lanes = new Map<LaneId, LaneSocket>();
  readonly #counts = {
    slowLanesCut: 0,
    laneDatagramsLeftOut: 0,
    laneDatagramsTooLong: 0,
    laneErrors: 0,
  };
  readonly #out: RelayOut = {
    sendDatagram: (bytes, lengthBytes, to) => this.#sockets.voice.send(bytes, lengthBytes, to),
    fanOut: (bytes, lengthBytes, addresses, count, skip) =>
      this.#sockets.voice.fanOut(bytes, lengthBytes, addresses, count, skip),
    sendLaneDatagram: (lane, bytes, lengthBytes) => {
      const outcome = this.#lanes.get(lane)?.sendDatagram(this.#steady(bytes, lengthBytes));
      if (outcome === 'tooSlow') this.#counts.laneDatagramsLeftOut += 1;
    },
    sendControl: (lane, message) => {
      if (this.#lanes.get(lane)?.sendText(this.#serialise(message), this.#turn) === 'tooSlow')
        this.#counts.slowLanesCut += 1;
    },
    closeLane: (lane) => this.#lanes.get(lane)?.close(),
    checkPassword: (job, password, hash) => {
      void this.#hasher
        .compare(password, hash)
        .then((verdict) =>
          this.#handle((nowMs) => this.#engine.handlePasswordChecked(job, verdict, nowMs, this.#out)),
        );
    },
    hashPassword: (job, password) => {
      void this.#hasher
        .hash(password)
        .then((hash) =>
          this.#handle((nowMs) => this.#engine.handlePasswordHashed(job, hash, nowMs, this.#out)),
        );
    },
    answerAdmin: (id, outcome) => {
      this.#commands.get(id)?.(outcome);
      this.#commands.delete(id);
    },
    tellAdmin: (news) => this.onNews?.(news),
  };
  /** What is handed on over lanes in this call of the engine, in memory that nobody writes again. */
  #handedOn: Uint8Array | null = null;
  #serialised: { message: RelayMessage; text: string } | null = null;
  /** Who waits for the answer to a command of the admin API. */
  readonly #commands = new Map<CommandId, (outcome: AdminOutcome) => void>();
  /** Told of every change that accounts see; null: nobody watches. Must not call back from within. */
  onNews: ((news: AdminNews) => void) | null = null;
  #nextCommand: CommandId = 1;
  #nextLane: LaneId = 1;
  /** Counts calls of the engine. */
  #turn = 0;
  #closed = false;

  constructor(options: RelayServerOptions) {
    const { sockets, ...engineOptions } = options;
    this.#sockets = sockets;
    const ranges = new AddressRanges();
    const startMs = performance.now();
    this.#engine = new RelayEngine({
      ...engineOptions,
      ...engineCrypto,
      startMs,
      wallOriginMs: Date.now() - startMs,
      isRange,
      addressInRange: (address, range) => ranges.includes(address, range),
    });
    this.#timer = new DeadlineTimer(this.#engine, (nowMs) => {
      this.#turn += 1;
      this.#engine.handleDeadline(nowMs, this.#out);
    });
    this.#connections = new ConnectionLimit(sockets.tcp, () => this.#engine.lanesBeyondAddress);
    this.#webSockets = new WebSocketServer({
      server: sockets.tcp,
      maxPayload: MAX_LANE_MESSAGE_BYTES,
      perMessageDeflate: false,
      // Members ping with messages, which are rate limited; answers to WebSocket pings would pile up unseen.
      autoPong: false,
    });
    this.#webSockets.on('connection', (socket, request) => this.#acceptLane(socket, request));
    sockets.voice.start((bytes, lengthBytes, source) => {
      if (this.#closed) return;
      this.#engine.handleDatagram(bytes, lengthBytes, source, performance.now(), this.#out);
      this.#handedOn = null;
    });
    this.#timer.reschedule();
  }

  counters(): Record<string, number> {
    const counters: Record<string, number> = {
      ...this.#engine.stats(),
      ...this.#counts,
      ...this.#connections.counters,
      ...this.#sockets.voice.counters(),
    };
    for (const [name, count] of Object.entries(this.#hasher.counters)) counters[`password.${name}`] = count;
    return counters;
  }

  /** What an account of the admin API asks for. Answered at once where no password has to be hashed. */
  command(actor: AdminActor, command: AdminCommand): AdminOutcome | Promise<AdminOutcome> {
    const id = this.#nextCommand;
    this.#nextCommand += 1;
    const found: { outcome: AdminOutcome | null } = { outcome: null };
    this.#commands.set(id, (outcome) => {
      found.outcome = outcome;
    });
    this.#turn += 1;
    this.#engine.handleAdminCommand(id, actor, command, performance.now(), this.#out);
    if (!this.#closed) this.#timer.reschedule();
    return found.outcome ?? new Promise((resolve) => this.#commands.set(id, resolve));
  }

  /** What carries the voice. */
  get voiceSocketKind(): VoiceSocketKind {
    return this.#sockets.voice.kind;
  }

  adminView(): AdminView {
    return this.#engine.adminView();
  }

  /** Newest first. */
  bans(): Ban[] {
    return this.#engine.bans(performance.now());
  }

  /** Writes what happened at the admin API itself. @returns false when the disk refuses */
  writeAudit(by: string, action: string, subject: string, reason: string): boolean {
    return this.#engine.handleAdminAudit(by, action, subject, reason, performance.now(), this.#out);
  }

  /** Says farewell, then closes both doors. `restarting`: the members' places are kept in the store. */
  async close(reason: StopReason): Promise<void> {
    this.#timer.stop();
    this.#turn += 1;
    this.#engine.close(reason, performance.now(), this.#out);
    this.#closed = true;
    await new Promise((resolve) => setTimeout(resolve, this.#lanes.size > 0 ? CLOSE_GRACE_MS : 0));
    for (const lane of this.#lanes.values()) lane.terminate();
    this.#webSockets.close();
    this.#sockets.tcp.closeAllConnections();
    await Promise.all([
      this.#sockets.voice.close(),
      new Promise<void>((resolve) => this.#sockets.tcp.close(() => resolve())),
    ]);
  }

  /** One call of the engine, which may move its deadline. */
  #handle(work: (nowMs: number) => void): void {
    if (this.#closed) return;
    this.#turn += 1;
    work(performance.now());
    this.#timer.reschedule();
  }

  #acceptLane(socket: WebSocket, request: IncomingMessage): void {
    const facts = laneFacts(request);
    if (facts === null) {
      this.#counts.laneErrors += 1;
      socket.terminate();
      return;
    }
    const lane = this.#nextLane;
    this.#nextLane += 1;
    const laneSocket = new LaneSocket(socket);
    this.#lanes.set(lane, laneSocket);
    socket.on('message', (message, isBinary) => {
      if (isBinary) this.#handleLaneDatagram(lane, laneSocket, message);
      else
        this.#handle((nowMs) => this.#engine.handleLaneMessage(lane, message.toString(), nowMs, this.#out));
    });
    socket.on('error', () => {
      this.#counts.laneErrors += 1;
    });
    socket.on('close', () => {
      this.#lanes.delete(lane);
      this.#handle((nowMs) => this.#engine.handleLaneClosed(lane, nowMs, this.#out));
    });
    this.#handle((nowMs) => this.#engine.handleLaneOpened(lane, facts, nowMs, this.#out));
  }

  #handleLaneDatagram(lane: LaneId, socket: LaneSocket, message: WebSocket.RawData): void {
    if (!(message instanceof Buffer) || message.length > MAX_DATAGRAM_BYTES) {
      this.#counts.laneDatagramsTooLong += 1;
      socket.close();
      return;
    }
    if (this.#closed) return;
    this.#engine.handleLaneDatagram(lane, message, message.length, performance.now(), this.#out);
    this.#handedOn = null;
  }

  /**
   * A WebSocket may send later, when the engine and the voice socket have written over their memory. In one call the
   * engine sends one datagram over lanes, to however many: it is copied once.
   */
  #steady(bytes: Uint8Array, lengthBytes: number): Uint8Array {
    this.#handedOn ??= Uint8Array.prototype.slice.call(bytes, 0, lengthBytes);
    return this.#handedOn;
  }

  /** A broadcast passes the same object for each lane: it is written out once. */
  #serialise(message: RelayMessage): string {
    if (this.#serialised?.message !== message) this.#serialised = { message, text: JSON.stringify(message) };
    return this.#serialised.text;
  }
}

/** @returns null when the connection is gone already */
function laneFacts(request: IncomingMessage): LaneFacts | null {
  const { socket } = request;
  assert(socket instanceof TLSSocket, 'lanes come over TLS');
  const { remoteAddress } = socket;
  if (remoteAddress === undefined || socket.destroyed) return null;
  // TLS 1.3 knows no difference between no context and an empty one (RFC 8446, section 7.5).
  const exporter = socket.exportKeyingMaterial(LOGIN_SECRET_BYTES, LOGIN_EXPORTER_LABEL, Buffer.alloc(0));
  return { address: plainAddress(remoteAddress), exporter: new Uint8Array(exporter) };
}
