import type { Socket } from 'node:net';

interface Awaited {
  /** Requests that were not answered yet. */
  owed: number;
  /** Runs while a head is awaited. */
  timer: NodeJS.Timeout | null;
}

/**
 * Cuts connections whose next head takes too long. Node has a limit of that kind, which looks only at connections of a
 * server that listens itself: ours come by a door.
 */
export class HeadLimits {
  readonly #firstMs: number;
  readonly #furtherMs: number;
  readonly #onTooSlow: () => void;
  readonly #awaited = new WeakMap<Socket, Awaited>();

  /**
   * @param firstMs longest wait for the first head of a connection
   * @param furtherMs longest wait for a further one, from the answer before it on
   * @param onTooSlow a connection was cut
   */
  constructor(firstMs: number, furtherMs: number, onTooSlow: () => void) {
    this.#firstMs = firstMs;
    this.#furtherMs = furtherMs;
    this.#onTooSlow = onTooSlow;
  }

  handleConnection(socket: Socket): void {
    const awaited: Awaited = { owed: 0, timer: null };
    this.#awaited.set(socket, awaited);
    this.#await(socket, awaited, this.#firstMs);
    socket.once('close', () => stop(awaited));
  }

  /** A whole head has come. */
  handleRequest(socket: Socket): void {
    const awaited = this.#awaited.get(socket);
    if (awaited === undefined) return;
    awaited.owed += 1;
    stop(awaited);
  }

  /** Its answer is out. */
  handleAnswered(socket: Socket): void {
    const awaited = this.#awaited.get(socket);
    if (awaited === undefined) return;
    awaited.owed -= 1;
    if (awaited.owed === 0 && !socket.destroyed) this.#await(socket, awaited, this.#furtherMs);
  }

  #await(socket: Socket, awaited: Awaited, limitMs: number): void {
    stop(awaited);
    awaited.timer = setTimeout(() => {
      this.#onTooSlow();
      socket.destroy();
    }, limitMs);
  }
}

function stop(awaited: Awaited): void {
  if (awaited.timer !== null) clearTimeout(awaited.timer);
  awaited.timer = null;
}
