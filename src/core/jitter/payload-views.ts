import type { HeldPacket } from './packet-heap.ts';

/** Views of a slot's payload by their length, kept: every frame needs one, and speech has few lengths. */
export class PayloadViews {
  private readonly slot: HeldPacket;
  private readonly views: (Uint8Array | undefined)[];

  constructor(slot: HeldPacket) {
    this.slot = slot;
    this.views = new Array(slot.payload.length + 1);
  }

  /** What the slot holds at present; valid until it holds something else. */
  get present(): Uint8Array {
    const { payload, length } = this.slot;
    const known = this.views[length];
    if (known !== undefined) return known;
    const view = payload.subarray(0, length);
    this.views[length] = view;
    return view;
  }
}
