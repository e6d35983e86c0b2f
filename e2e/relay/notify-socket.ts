import { createInterface } from 'node:readline';
import { Child, waitFor } from '../rig/child.ts';

/** Node has no datagram sockets of the UNIX kind. */
const LISTENER = `
import json, socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
print(json.dumps("listening"), flush=True)
while True:
    print(json.dumps(listener.recv(65536).decode()), flush=True)
`;

/** Longest wait for anything from the service, in ms. */
const MAX_WAIT_MS = 15_000;

/** A service manager's end of sd_notify(3). */
export class NotifySocket {
  readonly path: string;
  /** Datagrams as they came. */
  readonly messages: string[] = [];
  readonly #child: Child;

  static async open(path: string): Promise<NotifySocket> {
    const child = await Child.start('python3', ['-c', LISTENER, path], { pipeStdout: true });
    const socket = new NotifySocket(path, child);
    await socket.got((message) => message === 'listening');
    return socket;
  }

  private constructor(path: string, child: Child) {
    this.path = path;
    this.#child = child;
    if (child.stdout !== null)
      createInterface({ input: child.stdout }).on('line', (line) => this.messages.push(JSON.parse(line)));
  }

  /** Waits for a message after the first `after`. @returns its number */
  async got(matches: (message: string) => boolean, after = 0, maxMs = MAX_WAIT_MS): Promise<number> {
    return waitFor('a word to the service manager', maxMs, () => {
      const at = this.messages.findIndex((message, index) => index >= after && matches(message));
      return at < 0 ? null : at;
    });
  }

  async close(): Promise<void> {
    await this.#child.stop();
  }
}
