import { assert } from '../base/assert.ts';
import { MAX_SEALED_PLAINTEXT_BYTES } from '../seal/sealed-datagram.ts';
import { COPY_HEADER_BYTES, MAX_COPIES, MAX_COPY_DISTANCE, writeCopyHeader } from './redundant-payload.ts';

/** Furthest apart that copies may be, in frames: the second one must still be within MAX_COPY_DISTANCE. */
export const MAX_COPY_SPACING = Math.floor(MAX_COPY_DISTANCE / MAX_COPIES);

interface KeptFrame {
  readonly bytes: Uint8Array;
  lengthBytes: number;
}

/**
 * The last frames of one talkspurt to one target, and the payloads that carry them once more.
 *
 * One talkspurt is under way at a time: a frame of another target, or one that does not go on where the frame before
 * it ended, begins another, and no copy crosses that border. Allocates nothing per frame.
 */
export class FrameCopies {
  /** The payload that `compose` wrote. */
  readonly payload = new Uint8Array(MAX_SEALED_PLAINTEXT_BYTES);
  /** Frame n of the talkspurt lies at n modulo the length. */
  readonly #kept: readonly KeptFrame[] = Array.from({ length: MAX_COPY_DISTANCE }, () => ({
    bytes: new Uint8Array(MAX_SEALED_PLAINTEXT_BYTES),
    lengthBytes: 0,
  }));
  readonly #chosen = { distances: new Uint8Array(MAX_COPIES), count: 0 };
  #copies = 0;
  #spacing = 1;
  #target = 0;
  /** Frames of this talkspurt so far. */
  #frames = 0;
  #frameSamples = 0;
  #nextTimestamp = 0;
  #leftOut = 0;

  /** Copies that did not fit into a datagram. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /**
   * From the next frame on.
   *
   * @param copies 0 to MAX_COPIES
   * @param spacing frames from the primary to the first copy, and from there to the second: 1 to MAX_COPY_SPACING
   */
  setRedundancy(copies: number, spacing: number): void {
    assert(Number.isInteger(copies) && copies >= 0 && copies <= MAX_COPIES, 'copies within their limit');
    assert(
      Number.isInteger(spacing) && spacing >= 1 && spacing <= MAX_COPY_SPACING,
      'spacing within its limit',
    );
    this.#copies = copies;
    this.#spacing = spacing;
  }

  /** Forgets the talkspurt. */
  clear(): void {
    this.#frames = 0;
  }

  /** Forgets the talkspurt if it goes to `target`: what was said under its key before must not be said again under another. */
  clearTarget(target: number): void {
    if (target === this.#target) this.clear();
  }

  /**
   * Writes the payload of one frame with the copies that go along, if there are any, into `payload`, and keeps the
   * frame for later ones. A datagram goes out for every frame that is handed in.
   *
   * @param packet at most `maxBytes` long
   * @param timestamp of the frame's first sample, u32
   * @param frameSamples how long the frame is; 0: unknown, it is not copied
   * @param last no frame of this talkspurt follows
   * @param maxBytes room for the payload
   * @returns bytes of the payload, 0 when the frame goes without copies, as it is
   */
  compose(
    packet: Uint8Array,
    timestamp: number,
    frameSamples: number,
    last: boolean,
    target: number,
    maxBytes: number,
  ): number {
    const goesOn =
      target === this.#target && timestamp === this.#nextTimestamp && frameSamples === this.#frameSamples;
    // The empty end of a talkspurt has no length of its own.
    const ends = packet.length === 0 && target === this.#target && timestamp === this.#nextTimestamp;
    if (!goesOn && !ends) this.clear();
    const payloadBytes = this.#write(packet, maxBytes);
    this.#target = target;
    this.#frameSamples = frameSamples;
    this.#nextTimestamp = (timestamp + frameSamples) >>> 0;
    if (last || frameSamples === 0) this.clear();
    else this.#keep(packet);
    return payloadBytes;
  }

  /** Copies in the payload that was written last. */
  get copyCount(): number {
    return this.#chosen.count;
  }

  #keep(packet: Uint8Array): void {
    const kept = this.#kept[this.#frames % this.#kept.length];
    assert(kept !== undefined, 'a place for every frame');
    kept.bytes.set(packet);
    kept.lengthBytes = packet.length;
    this.#frames += 1;
  }

  #write(packet: Uint8Array, maxBytes: number): number {
    this.#choose(maxBytes - packet.length);
    const { distances, count } = this.#chosen;
    if (count === 0) return 0;
    let at = 0;
    for (let index = 0; index < count; index += 1) {
      const distance = distances[index] ?? 0;
      at = writeCopyHeader(
        this.payload,
        at,
        distance,
        this.#frameBefore(distance).lengthBytes,
        index + 1 < count,
      );
    }
    for (let index = 0; index < count; index += 1) {
      const kept = this.#frameBefore(distances[index] ?? 0);
      for (let byte = 0; byte < kept.lengthBytes; byte += 1) this.payload[at + byte] = kept.bytes[byte] ?? 0;
      at += kept.lengthBytes;
    }
    this.payload.set(packet, at);
    return at + packet.length;
  }

  /** Furthest first, as they are written; where the room is short the nearest come along. */
  #choose(roomBytes: number): void {
    const chosen = this.#chosen;
    chosen.count = 0;
    let left = roomBytes;
    let fitting = 0;
    for (let copy = 1; copy <= this.#copies; copy += 1) {
      const distance = copy * this.#spacing;
      if (distance > this.#frames) break;
      left -= COPY_HEADER_BYTES + this.#frameBefore(distance).lengthBytes;
      if (left < 0) {
        this.#leftOut += 1;
        break;
      }
      fitting = copy;
    }
    for (let copy = fitting; copy >= 1; copy -= 1) {
      chosen.distances[chosen.count] = copy * this.#spacing;
      chosen.count += 1;
    }
  }

  #frameBefore(distance: number): KeptFrame {
    const kept = this.#kept[(this.#frames - distance) % this.#kept.length];
    assert(kept !== undefined, 'a place for every frame');
    return kept;
  }
}
