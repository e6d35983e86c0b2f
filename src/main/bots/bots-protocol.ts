import type { BotsRequest, BotsState } from '../../contract/admin.ts';
import type { Percentiles } from './latency-histogram.ts';

export interface BotsWorkerData {
  readonly request: BotsRequest;
  /** Of this machine. */
  readonly address: string;
  readonly port: number;
  readonly certificateSha256: string;
  /** WAV file. */
  readonly speechPath: string;
}

/** Main thread to bots' worker. `admitted`: the relay lets the identities into this channel. */
export type BotsCommand = { readonly kind: 'admitted'; readonly channel: number } | { readonly kind: 'stop' };

/** Bots' worker to main thread. After `ended` the thread may be ended. */
export type BotsEvent =
  | { readonly kind: 'identities'; readonly identities: readonly string[] }
  | { readonly kind: 'state'; readonly state: BotsState }
  | { readonly kind: 'ended'; readonly state: BotsState; readonly summary: BotsSummary | null };

/** What the state of a test has no place for: how well it could measure. */
export interface BotsSummary {
  /** From the first login until the last bot was let in and all held all keys, in ms. */
  readonly joiningMs: number;
  readonly voiceSocket: 'batched' | 'dgram';
  readonly frameMs: number;
  /** Length of a voice datagram in the middle, in bytes. */
  readonly datagramBytes: number;
  readonly sent: number;
  /** `expected` = `received` + `lost`. */
  readonly expected: number;
  readonly received: number;
  readonly lost: number;
  /** Among the lost: came after more than a second. */
  readonly late: number;
  readonly duplicate: number;
  readonly unexpected: number;
  /** Arrivals that were deciphered, that could not be, and for which there was no time. */
  readonly opened: number;
  readonly unopened: number;
  readonly notTried: number;
  /** Dropped by the kernel at the bots' own sockets, and not sent: the bots' fault, not the relay's. */
  readonly droppedHere: number;
  /** How late the bots' own frames went out. */
  readonly pacingLateMs: Percentiles;
  readonly framesLeftOut: number;
  readonly latencyMs: Percentiles;
  /** Mean over the time of speaking: share of one core. */
  readonly botsCpu: number;
}
