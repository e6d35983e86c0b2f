import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** How often another port is tried when one is taken. */
const MAX_TRIES = 50;

const LOOPBACK = '127.0.0.1';

/** Lowest port offered: below, well-known services live. */
const LOWEST_PORT = 5_000;

/** Fewer ports than this are no choice. */
const MIN_CHOICE = 1_000;

const HIGHEST_PORT = 65_535;

/**
 * Ports that the system gives to nobody by itself. A relay that is restarted must find its port free, and any socket
 * opened in between could have been given one out of the system's own range.
 */
function quietRange(): readonly [lowest: number, highest: number] {
  let text: string;
  try {
    text = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
  } catch {
    // Other systems give out the dynamic ports of RFC 6335, section 6.
    text = '49152 65535';
  }
  const [low = HIGHEST_PORT, high = HIGHEST_PORT] = text.trim().split(/\s+/).map(Number);
  if (low - LOWEST_PORT >= MIN_CHOICE) return [LOWEST_PORT, low - 1];
  if (HIGHEST_PORT - high >= MIN_CHOICE) return [high + 1, HIGHEST_PORT];
  return [LOWEST_PORT, HIGHEST_PORT];
}

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

async function freeForTcp(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, LOOPBACK);
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/**
 * A port of the loopback address that nobody uses, neither for TCP nor for UDP, and that nobody is given by chance.
 *
 * @throws Error when none is found
 */
export async function freePort(): Promise<number> {
  const [lowest, highest] = quietRange();
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const port = randomInt(lowest, highest + 1);
    if ((await freeForTcp(port)) && (await freeForUdp(port))) return port;
  }
  throw new Error('no port is free for both TCP and UDP');
}
