import type { Fingerprint } from '../../../core/webrtc/peer-description.ts';

/** How connections are made, for all of them. */
export interface PeerSettings {
  /** Numeric address of this machine that they use; null: all of them. */
  readonly bindAddress: string | null;
  /** UDP ports; null: any. */
  readonly ports: { readonly first: number; readonly last: number } | null;
}

/** Gateways to the process that holds the connections. Peers are numbered by whoever opens them. */
export type PeerCommand =
  /** First of all. */
  | { readonly kind: 'settings'; readonly settings: PeerSettings }
  /** An answer to `offer` is asked for; null: an offer of ours, with sound that we send. */
  | { readonly kind: 'open'; readonly peer: number; readonly offer: string | null }
  /** @param fingerprint of the certificate that the peer then has to show: the one in its answer */
  | {
      readonly kind: 'answer';
      readonly peer: number;
      readonly answer: string;
      readonly fingerprint: Fingerprint;
    }
  /** `candidate` is the value behind `a=`. */
  | { readonly kind: 'candidate'; readonly peer: number; readonly candidate: string; readonly mid: string }
  /** RTP and RTCP packets, and whose they are, in the same order. */
  | { readonly kind: 'packets'; readonly peers: readonly number[]; readonly packets: readonly Uint8Array[] }
  | { readonly kind: 'close'; readonly peer: number }
  | { readonly kind: 'stop' };

/** That process to the gateways. */
export type PeerEvent =
  /** The library is loaded; then again every HEARTBEAT_MS. */
  | { readonly kind: 'beat' }
  /** The library is not to be had here. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** Our end of a connection, all candidates in it. */
  | { readonly kind: 'described'; readonly peer: number; readonly description: string }
  /** Sound may be sent and will come. */
  | { readonly kind: 'connected'; readonly peer: number }
  /** An RTP or RTCP packet, deciphered. */
  | { readonly kind: 'packet'; readonly peer: number; readonly bytes: Uint8Array }
  | { readonly kind: 'gone'; readonly peer: number };

export const HEARTBEAT_MS = 1_000;

/** So long without a beat, and the process is taken for stuck, in ms: longer than a busy machine makes one wait. */
export const HEARTBEAT_LIMIT_MS = 15_000;
