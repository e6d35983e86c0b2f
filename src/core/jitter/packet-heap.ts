import { assert } from '../base/assert.ts';

/** What `popInto` fills. `payload` belongs to the slot, `length` bytes of it count. */
export interface HeldPacket {
  sequence: number;
  timestamp: number;
  last: boolean;
  /** Came as a redundant copy, and its primary has not come. */
  recovered: boolean;
  arrivalMs: number;
  readonly payload: Uint8Array;
  length: number;
}

/**
 * Packets ordered by sequence: a binary min-heap (Williams 1964) over slots that exist from the start, so that
 * a packet costs no allocation and a hostile sender no memory.
 *
 * Times in ms of the caller's clock, lengths in bytes.
 */
export class PacketHeap {
  readonly capacity: number;
  readonly maxPayloadBytes: number;
  /** Slot numbers: the first `size` form the heap, the others are free. */
  private readonly order: Int32Array;
  private readonly sequences: Float64Array;
  private readonly timestamps: Float64Array;
  private readonly arrivalsMs: Float64Array;
  private readonly lengths: Int32Array;
  private readonly lasts: Uint8Array;
  private readonly copies: Uint8Array;
  private readonly bytes: Uint8Array;
  private count = 0;

  constructor(capacity: number, maxPayloadBytes: number) {
    assert(Number.isInteger(capacity) && capacity > 0, 'a heap has room for a packet');
    this.capacity = capacity;
    this.maxPayloadBytes = maxPayloadBytes;
    this.order = Int32Array.from({ length: capacity }, (_, slot) => slot);
    this.sequences = new Float64Array(capacity);
    this.timestamps = new Float64Array(capacity);
    this.arrivalsMs = new Float64Array(capacity);
    this.lengths = new Int32Array(capacity);
    this.lasts = new Uint8Array(capacity);
    this.copies = new Uint8Array(capacity);
    this.bytes = new Uint8Array(capacity * maxPayloadBytes);
  }

  /** Packets held. */
  get size(): number {
    return this.count;
  }

  /** Copies a packet in. The caller has checked that there is room, that it fits, and that it is not held yet. */
  insert(
    sequence: number,
    timestamp: number,
    last: boolean,
    payload: Uint8Array,
    nowMs: number,
    recovered: boolean,
  ): void {
    assert(this.count < this.capacity, 'the heap has room');
    assert(payload.length <= this.maxPayloadBytes, 'the payload fits into its slot');
    const slot = this.order[this.count] ?? 0;
    this.sequences[slot] = sequence;
    this.timestamps[slot] = timestamp;
    this.arrivalsMs[slot] = nowMs;
    this.lengths[slot] = payload.length;
    this.lasts[slot] = last ? 1 : 0;
    this.copies[slot] = recovered ? 1 : 0;
    this.bytes.set(payload, slot * this.maxPayloadBytes);
    this.count++;
    this.siftUp(this.count - 1);
  }

  /** True when a packet of this sequence is held. */
  has(sequence: number): boolean {
    for (let at = 0; at < this.count; at++) if (this.sequenceAt(at) === sequence) return true;
    return false;
  }

  /** Lowest sequence held; the heap is not empty. */
  get firstSequence(): number {
    return this.sequenceAt(0);
  }

  /** Timestamp of the packet with the lowest sequence; the heap is not empty. */
  get firstTimestamp(): number {
    return this.timestamps[this.slotAt(0)] ?? 0;
  }

  /** The packet with the lowest sequence ends its talkspurt; the heap is not empty. */
  get firstIsLast(): boolean {
    return this.lasts[this.slotAt(0)] === 1;
  }

  /** Payload length of the packet with the lowest sequence; the heap is not empty. */
  get firstLength(): number {
    return this.lengths[this.slotAt(0)] ?? 0;
  }

  /** The primary of a packet held has come. @returns false when what is held is no copy, or nothing is */
  confirm(sequence: number): boolean {
    for (let at = 0; at < this.count; at++) {
      if (this.sequenceAt(at) !== sequence) continue;
      const slot = this.slotAt(at);
      const wasCopy = this.copies[slot] === 1;
      this.copies[slot] = 0;
      return wasCopy;
    }
    return false;
  }

  /** Takes the packet with the lowest sequence out into `into`; the heap is not empty. */
  popInto(into: HeldPacket): void {
    const slot = this.slotAt(0);
    into.sequence = this.sequences[slot] ?? 0;
    into.timestamp = this.timestamps[slot] ?? 0;
    into.last = this.lasts[slot] === 1;
    into.recovered = this.copies[slot] === 1;
    into.arrivalMs = this.arrivalsMs[slot] ?? 0;
    into.length = this.lengths[slot] ?? 0;
    this.removeFirst();
    const start = slot * this.maxPayloadBytes;
    // A loop and not set(subarray()): the view would be garbage on every packet.
    for (let i = 0; i < into.length; i++) into.payload[i] = this.bytes[start + i] ?? 0;
  }

  /** Takes the packet with the lowest sequence out unread; the heap is not empty. */
  dropFirst(): void {
    this.removeFirst();
  }

  /** Drops everything. @returns how many packets that were */
  clear(): number {
    const dropped = this.count;
    this.count = 0;
    return dropped;
  }

  /** The freed slot keeps its content until the next insert. */
  private removeFirst(): void {
    assert(this.count > 0, 'the heap holds a packet');
    this.count--;
    this.swap(0, this.count);
    this.siftDown();
  }

  private siftUp(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (this.sequenceAt(parent) <= this.sequenceAt(at)) return;
      this.swap(at, parent);
      at = parent;
    }
  }

  private siftDown(): void {
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= this.count) return;
      const right = left + 1;
      const child = right < this.count && this.sequenceAt(right) < this.sequenceAt(left) ? right : left;
      if (this.sequenceAt(at) <= this.sequenceAt(child)) return;
      this.swap(at, child);
      at = child;
    }
  }

  private swap(a: number, b: number): void {
    const slot = this.slotAt(a);
    this.order[a] = this.slotAt(b);
    this.order[b] = slot;
  }

  private slotAt(at: number): number {
    return this.order[at] ?? 0;
  }

  private sequenceAt(at: number): number {
    return this.sequences[this.slotAt(at)] ?? 0;
  }
}
