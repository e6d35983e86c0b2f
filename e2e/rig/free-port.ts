import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** How often another port is tried when the one offered is taken for UDP. */
const MAX_TRIES = 20;

const LOOPBACK = '127.0.0.1';

async function freeForUdp(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.bind(port, LOOPBACK);
    await once(socket, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

/**
 * A port of the loopback address that nobody uses, neither for TCP nor for UDP.
 *
 * @throws Error when none is found
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const server = createServer().listen(0, LOOPBACK);
    await once(server, 'listening');
    const address = server.address();
    server.close();
    await once(server, 'close');
    if (address !== null && typeof address !== 'string' && (await freeForUdp(address.port)))
      return address.port;
  }
  throw new Error('no port is free for both TCP and UDP');
}
