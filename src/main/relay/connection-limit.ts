import type { Server, Socket } from 'node:net';
import { plainAddress } from './address-range.ts';

/** Open connections of one address: the lanes that the engine lets it have, and some that are just coming or going. */
export const MAX_CONNECTIONS_PER_ADDRESS = 160;

/**
 * Open connections in all: a full room, as many that are just coming or going, and some. Each may take 100 KB for its
 * TLS buffers, so the worst is about 50 MB.
 */
export const MAX_CONNECTIONS = 512;

/**
 * Bounds connections before they cost a TLS handshake: those above a limit are closed at once and counted.
 * Connections that never get anywhere are the listening server's to time out.
 */
export class ConnectionLimit {
  readonly #perAddress = new Map<string, number>();
  #open = 0;
  readonly #counts = { connections: 0, connectionsAboveAddressLimit: 0, connectionsAboveLimit: 0 };

  constructor(server: Server) {
    server.maxConnections = MAX_CONNECTIONS;
    server.on('drop', () => {
      this.#counts.connectionsAboveLimit += 1;
    });
    server.on('connection', (socket: Socket) => this.#admit(socket));
  }

  get counters(): Readonly<Record<string, number>> {
    return { ...this.#counts, connectionsOpen: this.#open };
  }

  #admit(socket: Socket): void {
    this.#counts.connections += 1;
    const address = plainAddress(socket.remoteAddress ?? '');
    const open = this.#perAddress.get(address) ?? 0;
    if (open >= MAX_CONNECTIONS_PER_ADDRESS) {
      this.#counts.connectionsAboveAddressLimit += 1;
      socket.destroy();
      return;
    }
    this.#perAddress.set(address, open + 1);
    this.#open += 1;
    socket.once('close', () => {
      this.#open -= 1;
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(address, left);
      else this.#perAddress.delete(address);
    });
  }
}
