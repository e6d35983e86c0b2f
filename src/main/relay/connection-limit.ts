import type { IncomingMessage } from 'node:http';
import type { Server, Socket } from 'node:net';
import { MAX_UNGREETED_LANES } from '../../core/relay/lanes.ts';
import { networkOf } from '../../core/relay/network-of.ts';
import { MAX_ROOM_MEMBERS } from '../../core/wire/channels.ts';

/** Open connections of one address, of IPv6 one network: the lanes that the engine lets it have, and some that are just coming or going. */
export const MAX_CONNECTIONS_PER_ADDRESS = 160;

/**
 * Connections on their way to a WebSocket, in all: a full room that comes back at once, and some. Whoever only opens
 * connections pushes out those of the address that has most of them, not the newcomer from elsewhere.
 */
export const MAX_PENDING_CONNECTIONS = 256;

/**
 * Open connections in all: the largest room, lanes that do not log in, and all that may be on their way. Only who is let
 * into the room stays, so strangers have the 320 others: at 100 KB for the TLS buffers of each, about 30 MB.
 */
export const MAX_CONNECTIONS = MAX_ROOM_MEMBERS + MAX_UNGREETED_LANES + MAX_PENDING_CONNECTIONS;

interface Connection {
  readonly socket: Socket;
  /** What limits count it by. */
  readonly network: string;
  /** As a TLS socket over it shows its other end: nothing else connects the two. */
  readonly peer: string;
}

/**
 * Bounds connections before they cost a TLS handshake: those above a limit are closed at once and counted. Those that
 * never get anywhere are the listening server's to time out, unless others need their place before.
 */
export class ConnectionLimit {
  readonly #beyondPerAddress: () => number;
  readonly #perNetwork = new Map<string, number>();
  /** By network, then by peer; oldest first. */
  readonly #pending = new Map<string, Map<string, Connection>>();
  #pendingCount = 0;
  #open = 0;
  readonly #counts = {
    connections: 0,
    connectionsAboveAddressLimit: 0,
    connectionsAboveLimit: 0,
    connectionsCrowdedOut: 0,
  };

  /** @param beyondPerAddress how many more one address may open at the moment: bots and gateways come from one */
  constructor(server: Server, beyondPerAddress: () => number) {
    this.#beyondPerAddress = beyondPerAddress;
    server.maxConnections = MAX_CONNECTIONS;
    server.on('drop', () => {
      this.#counts.connectionsAboveLimit += 1;
    });
    server.on('connection', (socket: Socket) => this.#admit(socket));
    server.on('upgrade', ({ socket }: IncomingMessage) => {
      this.#forgetPending(networkOf(socket.remoteAddress ?? ''), peerOf(socket));
    });
  }

  get counters(): Readonly<Record<string, number>> {
    return { ...this.#counts, connectionsOpen: this.#open, connectionsPending: this.#pendingCount };
  }

  #admit(socket: Socket): void {
    this.#counts.connections += 1;
    const network = networkOf(socket.remoteAddress ?? '');
    const open = this.#perNetwork.get(network) ?? 0;
    if (open >= MAX_CONNECTIONS_PER_ADDRESS + this.#beyondPerAddress()) {
      this.#counts.connectionsAboveAddressLimit += 1;
      socket.destroy();
      return;
    }
    this.#perNetwork.set(network, open + 1);
    this.#open += 1;
    const connection: Connection = { socket, network, peer: peerOf(socket) };
    this.#await(connection);
    socket.once('close', () => {
      this.#open -= 1;
      this.#forgetPending(network, connection.peer);
      const left = (this.#perNetwork.get(network) ?? 1) - 1;
      if (left > 0) this.#perNetwork.set(network, left);
      else this.#perNetwork.delete(network);
    });
  }

  #await(connection: Connection): void {
    if (this.#pendingCount >= MAX_PENDING_CONNECTIONS) this.#crowdOut();
    const { network, peer } = connection;
    const own = this.#pending.get(network) ?? new Map<string, Connection>();
    this.#pending.set(network, own.set(peer, connection));
    this.#pendingCount += 1;
  }

  /** Closes the oldest pending connection of the address that has most of them. */
  #crowdOut(): void {
    let busiest: Map<string, Connection> | undefined;
    for (const own of this.#pending.values()) {
      if (busiest === undefined || own.size > busiest.size) busiest = own;
    }
    const [oldest] = busiest?.values() ?? [];
    if (oldest === undefined) return;
    this.#counts.connectionsCrowdedOut += 1;
    this.#forgetPending(oldest.network, oldest.peer);
    oldest.socket.destroy();
  }

  #forgetPending(network: string, peer: string): void {
    const own = this.#pending.get(network);
    if (own === undefined || !own.delete(peer)) return;
    this.#pendingCount -= 1;
    if (own.size === 0) this.#pending.delete(network);
  }
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
