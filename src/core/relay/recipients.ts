import { ADDRESS_BYTES } from './packed-address.ts';

/** Room for this many addresses to begin with: most channels never need more. */
const FIRST_CAPACITY = 16;

/**
 * Packed addresses one after another, as a fan-out takes them. Emptied and filled again in the same memory; it grows
 * by doubling and never shrinks, so a channel that is as full as it ever was allocates nothing.
 */
export class AddressList {
  /** The first `count` records are the list; what follows is of former times. Another array once it has grown. */
  bytes = new Uint8Array(FIRST_CAPACITY * ADDRESS_BYTES);
  count = 0;

  clear(): void {
    this.count = 0;
  }

  /** Appends a copy of `address`. @returns its index */
  add(address: Uint8Array): number {
    const index = this.count;
    if ((index + 1) * ADDRESS_BYTES > this.bytes.length) {
      const longer = new Uint8Array(2 * this.bytes.length);
      longer.set(this.bytes);
      this.bytes = longer;
    }
    this.count = index + 1;
    this.bytes.set(address, index * ADDRESS_BYTES);
    return index;
  }

  /** Replaces the address at `index`. */
  put(index: number, address: Uint8Array): void {
    this.bytes.set(address, index * ADDRESS_BYTES);
  }
}
