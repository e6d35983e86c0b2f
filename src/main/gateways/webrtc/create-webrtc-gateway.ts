import { lookup } from 'node:dns/promises';
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Gateway, GatewayParts } from '../gateway.ts';
import type { GatewaysWorkerData } from '../gateways-protocol.ts';
import { Peers } from './peers.ts';
import { Uplink } from './uplink.ts';
import { WebRtcGateway } from './webrtc-gateway.ts';

/** Names of this machine are looked up again after this time, in ms: home connections change their address. */
const LOOKUP_INTERVAL_MS = 300_000;

/** Addresses that stand for all of a machine. */
const ANY_ADDRESS = new Set(['', '0.0.0.0', '::']);

/** The numeric addresses behind names, looked up now and then. */
class PublicAddresses {
  readonly #hosts: readonly string[];
  readonly #timer: NodeJS.Timeout;
  #addresses: readonly string[];

  constructor(hosts: readonly string[]) {
    this.#hosts = hosts;
    this.#addresses = hosts.filter((host) => isIP(host) !== 0);
    this.#timer = setInterval(() => void this.#lookUp(), LOOKUP_INTERVAL_MS);
    this.#timer.unref();
    void this.#lookUp();
  }

  get all(): readonly string[] {
    return this.#addresses;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #lookUp(): Promise<void> {
    const found = await Promise.all(
      this.#hosts.map(async (host) => {
        if (isIP(host) !== 0) return [host];
        try {
          return (await lookup(host, { all: true })).map(({ address }) => address);
        } catch {
          // Not now; it is tried again, and the others stand.
          return [];
        }
      }),
    );
    this.#addresses = [...new Set(found.flat())];
  }
}

/** The file of peer-process: beside this one in the sources, beside the entries of the program where it is built. */
function findPeerProcess(): string {
  const { dirname, filename } = import.meta;
  if (filename.endsWith('.ts')) return join(dirname, 'peer-process.ts');
  const beside = join(dirname, 'peer-process.js');
  return existsSync(beside) ? beside : join(dirname, '..', 'peer-process.js');
}

export function createWebRtcGateway(
  parts: GatewayParts,
  data: Pick<GatewaysWorkerData, 'host' | 'publicHosts' | 'webRtcPorts' | 'uplinks'>,
): Gateway {
  const addresses = new PublicAddresses(data.publicHosts);
  const bindAddress = isIP(data.host) === 0 || ANY_ADDRESS.has(data.host) ? null : data.host;
  const peers = new Peers({
    processPath: findPeerProcess(),
    settings: { bindAddress, ports: data.webRtcPorts },
    nowMs: parts.nowMs,
  });
  const sessionParts = { peers, publicAddresses: () => addresses.all };
  const uplinks = data.uplinks.map((uplink) => new Uplink(parts, sessionParts, uplink));
  return new WebRtcGateway(parts, {
    ...sessionParts,
    countersBelow: () => addUp([peers.counters, ...uplinks.map((uplink) => uplink.counters())]),
    closeBelow: async () => {
      for (const uplink of uplinks) uplink.close();
      addresses.close();
      await peers.close();
    },
  });
}

function addUp(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, count] of all.flatMap((counters) => Object.entries(counters)))
    sums[name] = (sums[name] ?? 0) + count;
  return sums;
}
