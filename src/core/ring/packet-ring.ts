import { assert } from '../base/assert.ts';
import { isPowerOfTwo, READ_INDEX, RING_HEADER_INTS, WRITE_INDEX } from './sample-ring.ts';

/** Most slots of a packet ring: 2^16 packets of 20 ms are 20 minutes; more is a mistake. */
export const MAX_RING_SLOTS = 2 ** 16;

/** Longest packet a ring can be made for, in bytes: a UDP datagram has no more. */
export const MAX_RING_PACKET_BYTES = 65_536;

const OVERFLOW_INDEX = WRITE_INDEX + 1;
const OVERSIZE_INDEX = WRITE_INDEX + 2;
/** Shape of the ring, written once by `allocate`, so that the other side needs only the memory. */
const SLOTS_INDEX = WRITE_INDEX + 3;
const MAX_BYTES_INDEX = WRITE_INDEX + 4;
const HEADER_BYTES = RING_HEADER_INTS * Int32Array.BYTES_PER_ELEMENT;
/** Before the bytes of each slot: stamp f64, length i32, kind i32. */
const SLOT_HEADER_BYTES = Float64Array.BYTES_PER_ELEMENT + 2 * Int32Array.BYTES_PER_ELEMENT;

/** What `pull` fills: the packet is `bytes[0, length)`. Reused from call to call. */
export interface PacketSlot {
  readonly bytes: Uint8Array;
  length: number;
  /** Given by the producer, i32: what the packet is. */
  kind: number;
  /** Given by the producer, in ms of the clock that both sides agreed on. */
  stampMs: number;
}

/**
 * Ring of packets in slots of a fixed size between one producer and one consumer. See `SampleRing` for how the
 * counters work and how to wait.
 *
 * Balance: pushed = pulled + `readable()` + `overflowed` + `oversized`, in packets.
 */
export class PacketRing {
  /** The counters at `WRITE_INDEX` and `READ_INDEX`; read them with Atomics, wait on them, do not write. */
  readonly indices: Int32Array;
  readonly slots: number;
  readonly maxBytes: number;
  private readonly stampsMs: Float64Array;
  private readonly lengths: Int32Array;
  private readonly kinds: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly mask: number;

  /** Memory for a ring of `slots` (a power of two up to `MAX_RING_SLOTS`) packets of at most `maxBytes` each. */
  static allocate(slots: number, maxBytes: number): SharedArrayBuffer {
    assert(
      isPowerOfTwo(slots) && slots <= MAX_RING_SLOTS,
      'the slots of a packet ring are a power of two within MAX_RING_SLOTS',
    );
    assert(
      Number.isInteger(maxBytes) && maxBytes > 0 && maxBytes <= MAX_RING_PACKET_BYTES,
      'the packets of a ring have between 1 byte and MAX_RING_PACKET_BYTES',
    );
    const memory = new SharedArrayBuffer(HEADER_BYTES + slots * (SLOT_HEADER_BYTES + maxBytes));
    const header = new Int32Array(memory, 0, RING_HEADER_INTS);
    Atomics.store(header, SLOTS_INDEX, slots);
    Atomics.store(header, MAX_BYTES_INDEX, maxBytes);
    return memory;
  }

  /** One end of the ring in `memory`, which came from `allocate`, maybe on another thread. */
  constructor(memory: SharedArrayBuffer) {
    this.indices = new Int32Array(memory, 0, RING_HEADER_INTS);
    this.slots = Atomics.load(this.indices, SLOTS_INDEX);
    this.maxBytes = Atomics.load(this.indices, MAX_BYTES_INDEX);
    assert(
      isPowerOfTwo(this.slots) &&
        memory.byteLength === HEADER_BYTES + this.slots * (SLOT_HEADER_BYTES + this.maxBytes),
      'the memory of a packet ring comes from PacketRing.allocate',
    );
    this.mask = this.slots - 1;
    let offset = HEADER_BYTES;
    this.stampsMs = new Float64Array(memory, offset, this.slots);
    offset += this.stampsMs.byteLength;
    this.lengths = new Int32Array(memory, offset, this.slots);
    offset += this.lengths.byteLength;
    this.kinds = new Int32Array(memory, offset, this.slots);
    offset += this.kinds.byteLength;
    this.bytes = new Uint8Array(memory, offset, this.slots * this.maxBytes);
  }

  /** A slot to pull into, of the right size. */
  createSlot(): PacketSlot {
    return { bytes: new Uint8Array(this.maxBytes), length: 0, kind: 0, stampMs: 0 };
  }

  /**
   * Producer: copies `bytes[0, length)` into the next slot.
   *
   * @returns false, and counts it, when the ring is full (`overflowed`) or the packet too long (`oversized`)
   */
  push(bytes: Uint8Array, length: number, kind: number, stampMs: number): boolean {
    assert(length >= 0 && length <= bytes.length, 'push takes at most the bytes it is given');
    if (length > this.maxBytes) {
      Atomics.add(this.indices, OVERSIZE_INDEX, 1);
      return false;
    }
    const write = Atomics.load(this.indices, WRITE_INDEX);
    if ((write - Atomics.load(this.indices, READ_INDEX)) >>> 0 >= this.slots) {
      Atomics.add(this.indices, OVERFLOW_INDEX, 1);
      return false;
    }
    const slot = write & this.mask;
    const start = slot * this.maxBytes;
    // A loop and not set(subarray()): the view would be garbage on every packet.
    for (let i = 0; i < length; i++) this.bytes[start + i] = bytes[i] ?? 0;
    this.lengths[slot] = length;
    this.kinds[slot] = kind;
    this.stampsMs[slot] = stampMs;
    Atomics.store(this.indices, WRITE_INDEX, write + 1);
    Atomics.notify(this.indices, WRITE_INDEX);
    return true;
  }

  /**
   * Consumer: copies the oldest packet into `into`, whose `bytes` hold at least `maxBytes`.
   *
   * @returns false when the ring is empty; `into` is then untouched
   */
  pull(into: PacketSlot): boolean {
    assert(into.bytes.length >= this.maxBytes, 'pull needs a slot as large as those of the ring');
    const read = Atomics.load(this.indices, READ_INDEX);
    if (Atomics.load(this.indices, WRITE_INDEX) === read) return false;
    const slot = read & this.mask;
    const start = slot * this.maxBytes;
    const length = this.lengths[slot] ?? 0;
    for (let i = 0; i < length; i++) into.bytes[i] = this.bytes[start + i] ?? 0;
    into.length = length;
    into.kind = this.kinds[slot] ?? 0;
    into.stampMs = this.stampsMs[slot] ?? 0;
    Atomics.store(this.indices, READ_INDEX, read + 1);
    Atomics.notify(this.indices, READ_INDEX);
    return true;
  }

  /** Packets that a consumer can pull now. */
  readable(): number {
    const read = Atomics.load(this.indices, READ_INDEX);
    const held = (Atomics.load(this.indices, WRITE_INDEX) - read) >>> 0;
    return Math.min(held, this.slots);
  }

  /** Packets refused because the ring was full, modulo 2^32. Either side may read it. */
  get overflowed(): number {
    return Atomics.load(this.indices, OVERFLOW_INDEX) >>> 0;
  }

  /** Packets refused because they were longer than a slot, modulo 2^32. Either side may read it. */
  get oversized(): number {
    return Atomics.load(this.indices, OVERSIZE_INDEX) >>> 0;
  }
}
