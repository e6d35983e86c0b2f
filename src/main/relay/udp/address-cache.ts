import { ADDRESS_BYTES, packAddress, unpackAddress } from '../../../core/relay/packed-address.ts';
import { withZoneName, withZoneNumber } from './zones.ts';

/** An address as Node's sockets take it. */
export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

interface Entry extends SocketAddress {
  readonly record: Uint8Array;
}

/** Places for addresses written out: more than members of the largest room, a power of two. */
const PLACES = 8_192;

/** Sources remembered; strangers can make up any number. */
const MAX_SOURCES = 8_192;

/** Multipliers of MurmurHash3, which spread neighbouring ports and addresses over the places. */
const MIX = 0xcc9e2d51;
const FINAL_MIX = 0x85ebca6b;

/**
 * Translates between packed addresses and those of Node's sockets, remembering both ways, so that nothing is written
 * out or read per datagram. Bounded: what has no place any more is translated anew.
 */
export class AddressCache {
  readonly #ipv6: boolean;
  readonly #places: (Entry | undefined)[] = new Array(PLACES);
  readonly #sources = new Map<string, Uint8Array>();

  /** @param ipv6 the socket is one for IPv6, to which IPv4 must be written as a mapped address */
  constructor(ipv6: boolean) {
    this.#ipv6 = ipv6;
  }

  /** The record of a source; not to be written to. */
  pack(address: string, port: number): Uint8Array {
    const key = `${port} ${address}`;
    const known = this.#sources.get(key);
    if (known !== undefined) return known;
    const record = packAddress(withZoneNumber(address), port);
    if (this.#sources.size >= MAX_SOURCES) this.#sources.clear();
    this.#sources.set(key, record);
    return record;
  }

  /** The address at a place of an array of records. */
  unpack(addresses: Uint8Array, offset: number): SocketAddress {
    const place = placeOf(addresses, offset);
    const entry = this.#places[place];
    if (entry !== undefined && sameBytes(entry.record, addresses, offset)) return entry;
    const record = addresses.slice(offset, offset + ADDRESS_BYTES);
    const plain = unpackAddress(record);
    const isIPv4 = !plain.address.includes(':');
    const address = this.#ipv6 && isIPv4 ? `::ffff:${plain.address}` : withZoneName(plain.address);
    const fresh = { record, address, port: plain.port };
    this.#places[place] = fresh;
    return fresh;
  }
}

function placeOf(bytes: Uint8Array, offset: number): number {
  let hash = 0;
  for (let at = offset; at < offset + ADDRESS_BYTES; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), MIX);
  hash = Math.imul(hash ^ (hash >>> 15), FINAL_MIX);
  return (hash ^ (hash >>> 13)) & (PLACES - 1);
}

function sameBytes(record: Uint8Array, bytes: Uint8Array, offset: number): boolean {
  for (let at = 0; at < ADDRESS_BYTES; at += 1) if (record[at] !== bytes[offset + at]) return false;
  return true;
}
