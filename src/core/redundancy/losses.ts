/** What is lost of a voice on its way: thousandths of its packets, and the mean length of a loss in tenths of packets. */
export interface Losses {
  readonly lostPermille: number;
  readonly burstTenths: number;
}

/** Nothing is lost; a burst of one packet is the shortest that can be told. */
export const NO_LOSSES: Losses = Object.freeze({ lostPermille: 0, burstTenths: 10 });
