import type { ListeningChannel, ProgramSource } from '../../core/program/listening.ts';
import type { CertificatePair } from '../base/certificate-pair.ts';

/** What is on in a channel. */
export interface ChannelNow {
  readonly channel: number;
  readonly listeners: number;
  /** Null: nothing. */
  readonly source: string | null;
  readonly title: string;
}

/** What the threads tell while they run. Nothing comes after `onDidEnd`. */
export interface ThreadNews {
  onOpen(ports: { readonly webPort: number; readonly rtspPort: number | null }): void;
  onState(now: readonly ChannelNow[], counters: Readonly<Record<string, number>>): void;
  /** The member of a channel waits to be let in, as this identity. */
  onIdentity(channel: number, identity: string): void;
  /** The member of a channel could not come in, or is out; it tries again by itself. */
  onDropped(channel: number, sentence: string): void;
  onMemberCounters(counters: Readonly<Record<string, number>>): void;
  /**
   * They could not begin, or one of them died; the other is ended too. Once, and never after `stop`.
   */
  onDidEnd(end: ThreadsEnd): void;
}

export interface ThreadsEnd {
  readonly kind: 'gatewaysFailed' | 'gatewaysDied' | 'membersDied';
  /** For people; it may quote what the system said, and is not for the log. */
  readonly sentence: string;
  /** Another program has it; null: that is not why they ended. */
  readonly takenPort: number | null;
}

/** The two threads that make channels heard: the gateways, and the members that stand in the channels for them. */
export interface ListeningThreads {
  /** All that may be listened to from now on. */
  setChannels(channels: readonly ListeningChannel[]): void;
  /** Shown to those who connect from now on, instead of the one before. */
  setCertificate(certificate: CertificatePair): void;
  /** A member is to stand in the channel: its identity comes by `onIdentity`. */
  stand(channel: number, bitrate: number, source: ProgramSource): void;
  /** The relay lets that channel's member in. */
  admitted(channel: number): void;
  withdraw(channel: number): void;
  /** Ends both, listeners first. */
  stop(): Promise<void>;
}

/** @param taken ports that others have: in their place, take any that are free */
export type StartThreads = (news: ThreadNews, taken: ReadonlySet<number>) => ListeningThreads;

/** Takes what happened, for a structured log. Never a name, an address, a key or a token. */
export type ListeningLog = (
  level: 'info' | 'warn' | 'error',
  event: string,
  fields: Readonly<Record<string, number | string | boolean>>,
) => void;
