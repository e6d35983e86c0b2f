/** What the thread of honest members is given. */
export interface HonestData {
  readonly port: number;
  readonly certificateSha256: string;
  readonly nicknames: readonly string[];
}

/** Payloads are told apart by these leading fields, each u32 big-endian; what follows is made out of them. */
export const PAYLOAD_BYTES = 80;

/** What was heard between `begin` and `end`. */
export interface HonestReport {
  readonly seconds: number;
  /** Packets that should have been heard: spoken, times listeners. */
  readonly expected: number;
  readonly heard: number;
  /** Of the listener and speaker that lost most, in percent. */
  readonly worstLossPercent: number;
  /** Changes of the channel's keys. */
  readonly keyChanges: number;
  /** Longest time between two packets of one speaker at one listener, in ms. */
  readonly longestGapMs: number;
  /** Opened a second time. */
  readonly twice: number;
  /** Opened, and not what was sealed. */
  readonly altered: number;
  /** Opened packets of others than the honest, by their token. */
  readonly fromOthers: Readonly<Record<string, number>>;
  /** Sums over the honest of what their openers counted in this time. */
  readonly opener: Readonly<Record<string, number>>;
  /** Datagrams of voice by the control lane instead of UDP: a path was lost. */
  readonly byLane: number;
  /** Longest time this thread was late by, in ms: what it adds to every gap. */
  readonly ownDelayMs: number;
  readonly chats: number;
  /** Chats that came twice, or out of order. */
  readonly chatsWrong: number;
  /** Sentences that people would have been shown. */
  readonly notices: readonly string[];
  readonly allConnected: boolean;
}

/** How a newcomer fared. */
export interface NewcomerReport {
  /** Null: was not let in. */
  readonly joinedMs: number | null;
  /** Until every honest member was heard and heard the newcomer; null: not in time. */
  readonly hearsAllMs: number | null;
  /** What the newcomer was told; empty if all went well. */
  readonly sentence: string;
  /** Tries until let in: what a person does who presses the button again. */
  readonly tries: number;
}

export interface HonestMember {
  readonly nickname: string;
  readonly token: number;
  readonly identity: string;
}

/** Main thread to the honest. Each is answered by one event of the same id. */
export type HonestCommand = { readonly id: number } & (
  | { readonly kind: 'join' }
  | { readonly kind: 'begin' }
  | { readonly kind: 'end' }
  | {
      readonly kind: 'newcomer';
      readonly nickname: string;
      readonly password: string | null;
      readonly maxMs: number;
      /** What a slow line adds to each round trip of its lane, in ms. */
      readonly roundTripMs: number;
    }
  /** A newcomer leaves. */
  | { readonly kind: 'farewell'; readonly nickname: string }
);

export type HonestEvent = { readonly id: number } & (
  | { readonly kind: 'joined'; readonly members: readonly HonestMember[] }
  | { readonly kind: 'begun' }
  | { readonly kind: 'report'; readonly report: HonestReport }
  | { readonly kind: 'newcomer'; readonly report: NewcomerReport }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly sentence: string }
);
