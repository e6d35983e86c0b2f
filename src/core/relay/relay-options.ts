import type { Mac } from '../wire/probe.ts';
import type { RelaySnapshot, RelayStore } from './relay-store.ts';

/** What a relay engine is told and given at its start. Cryptography and chance are handed in: the core has none. */
export interface RelayOptions {
  /** Of a room that was never configured; what was configured later (`snapshot.config`) wins over it. */
  readonly roomName: string;
  /** 1 to MAX_ROOM_MEMBERS; the same holds. */
  readonly maxMembers: number;
  /** What the store held at the start: one to MAX_CHANNELS channels, the first being where members land. */
  readonly snapshot: RelaySnapshot;
  readonly store: RelayStore;
  /** base64url of the host's Ed25519 public key: always admin, and nobody demotes or removes it. Null: nobody's room. */
  readonly ownerIdentity: string | null;
  /** `nowMs` when the engine is made: places held from before are held from then on. */
  readonly startMs: number;
  /** What a wall clock showed, in ms since 1970, when `nowMs` was 0. */
  readonly wallOriginMs: number;
  readonly mac: Mac;
  /** A cryptographically random u32. */
  randomU32(): number;
  /** 32 cryptographically random bytes, a fresh array each time: challenges, path keys, resume secrets. */
  randomSecret(): Uint8Array;
  /** SHA-256 (FIPS 180-4): 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array;
  /** Ed25519 (RFC 8032); false as well when `publicKey` is no key. */
  verifySignature(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean;
  /** CIDR notation (RFC 4632, RFC 4291 section 2.3), of either address family. */
  isRange(range: string): boolean;
  /** False when they are of different families. */
  addressInRange(address: string, range: string): boolean;
}
