/** What the relay's process looks like from outside at one moment. */
export interface RelaySample {
  /** Resident memory, in bytes. */
  readonly residentBytes: number;
  /** The most it was at any look since the start, in bytes. */
  readonly peakResidentBytes: number;
  /** JavaScript heap after a full collection, in bytes. */
  readonly heapBytes: number;
  /** Longest time the relay's thread was held up since the last sample, in ms. */
  readonly longestHoldUpMs: number;
  readonly counters: Readonly<Record<string, number>>;
}

/** What the relay's process is started with, as JSON in its first argument. */
export interface RelayProcessOptions {
  readonly folder: string;
  readonly ownerIdentity: string;
  readonly maxMembers: number;
}

/** To the relay's process. `collect`: collect garbage first, so that what is left is what is kept. */
export type RelayOrder =
  | { readonly kind: 'sample'; readonly id: number; readonly collect: boolean }
  | { readonly kind: 'stop' };

/** From the relay's process. */
export type RelayNews =
  | { readonly kind: 'listening'; readonly port: number; readonly certificateSha256: string }
  | { readonly kind: 'sample'; readonly id: number; readonly sample: RelaySample };
