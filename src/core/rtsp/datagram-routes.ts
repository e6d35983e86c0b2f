/** Most endpoints behind one address that are looked through: as many as it may have visits, twice. */
const MAX_ENDPOINTS_PER_ADDRESS = 128;

/** No address translator moves a player's port below it, where services of a system are. */
const FIRST_PORT = 1_024;

export type PortKind = 'rtp' | 'rtcp';

/** Whoever is told of the datagrams of its streams. */
export interface DatagramOwner {
  handleDatagram(endpoint: DatagramEndpoint, kind: PortKind, bytes: Uint8Array, nowMs: number): void;
}

/** Where the datagrams of one stream go. */
export interface DatagramEndpoint {
  /** Numeric address of the RTSP connection: nothing is ever sent anywhere else. */
  readonly address: string;
  readonly ssrc: number;
  /** As the player said it, or as its network translates them. */
  readonly ports: Record<PortKind, number>;
  /** Something came from that port. */
  readonly proven: Record<PortKind, boolean>;
}

/**
 * Finds the stream that a datagram belongs to, on the one pair of ports that all of them share. Players behind an
 * address translator send from other ports than they named: an unknown port is taken for one only when a report names
 * its stream, or when no more than one stream behind that address waits for a sign of life.
 */
export class DatagramRoutes {
  readonly #byAddress = new Map<string, Map<DatagramEndpoint, DatagramOwner>>();

  /** @returns false: there are too many behind that address */
  add(endpoint: DatagramEndpoint, owner: DatagramOwner): boolean {
    const endpoints = this.#byAddress.get(endpoint.address) ?? new Map<DatagramEndpoint, DatagramOwner>();
    if (endpoints.size >= MAX_ENDPOINTS_PER_ADDRESS) return false;
    endpoints.set(endpoint, owner);
    this.#byAddress.set(endpoint.address, endpoints);
    return true;
  }

  remove(endpoint: DatagramEndpoint): void {
    const endpoints = this.#byAddress.get(endpoint.address);
    endpoints?.delete(endpoint);
    if (endpoints?.size === 0) this.#byAddress.delete(endpoint.address);
  }

  /**
   * @param reported streams that the datagram reports on
   * @returns null: it belongs to nobody
   */
  find(
    kind: PortKind,
    address: string,
    port: number,
    reported: readonly number[],
  ): { readonly endpoint: DatagramEndpoint; readonly owner: DatagramOwner } | null {
    const endpoints = [...(this.#byAddress.get(address) ?? [])];
    const unproven = port < FIRST_PORT ? [] : endpoints.filter(([{ proven }]) => !proven[kind]);
    const found =
      endpoints.find(([{ ssrc }]) => reported.includes(ssrc)) ??
      endpoints.find(([{ ports }]) => ports[kind] === port) ??
      (unproven.length === 1 ? unproven[0] : undefined);
    if (found === undefined) return null;
    const [endpoint, owner] = found;
    endpoint.ports[kind] = port;
    endpoint.proven[kind] = true;
    return { endpoint, owner };
  }
}
