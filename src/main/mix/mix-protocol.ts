import type { MessagePort } from 'node:worker_threads';
import type { ProgramSource } from '../../core/program/listening.ts';

/** What the thread of the members that stand in channels for the gateways begins with. */
export interface MixWorkerData {
  /** Of this machine: where the relay is. */
  readonly address: string;
  readonly port: number;
  /** The relay's certificate, base64url of its SHA-256: another is not talked to. */
  readonly certificateSha256: string;
  /**
   * To the gateways: `FromRoom` goes out, `ToRoom` comes in. To be handed over with the worker data
   * (`transferList`); its other end is `GatewaysWorkerData.room`.
   */
  readonly room: MessagePort;
}

/** Main thread to the members. Repeating one does no harm. */
export type MixCommand =
  /**
   * A member is to stand in that channel; answered by `identity`. For a channel that has one already: the program's
   * bitrate and source from now on.
   */
  | {
      readonly kind: 'stand';
      readonly channel: number;
      /** bit/s of the mix. */
      readonly bitrate: number;
      /** `publisher`: what the gateways send into the channel is the program itself, and does not go into its mix. */
      readonly source: ProgramSource;
    }
  /** The relay lets the identity that was told last for that channel in, and into the channel. */
  | { readonly kind: 'admitted'; readonly channel: number }
  /** The member of that channel leaves, for good. Nothing answers. */
  | { readonly kind: 'withdraw'; readonly channel: number }
  /**
   * All leave; answered by `stopped`, after which the thread ends by itself and may be ended. Before, it must not be:
   * the Opus binding takes the whole process with it when its thread is ended in the middle of a packet.
   */
  | { readonly kind: 'stop' };

/** The members to the main thread. */
export type MixEvent =
  /**
   * Who comes for that channel: base64url of an Ed25519 public key. It waits for `admitted`. Told again, with the same
   * identity or another, whenever it has to log in anew (the relay began anew, or put it out) and so must be
   * let in anew; pauses between are the member's own, and grow. While its session is only lost it looks for it for two
   * minutes without a word: a relay that was started again has to be told of the identity without being asked.
   */
  | { readonly kind: 'identity'; readonly channel: number; readonly identity: string }
  /**
   * The member could not come in, or is out. `sentence` is for people. It asks again by itself, with `identity`, until
   * `withdraw`.
   */
  | { readonly kind: 'dropped'; readonly channel: number; readonly sentence: string }
  /**
   * Once a second, of all channels together, since the start; those that begin with `now.` tell how it is. Nothing in
   * them tells who spoke, or where.
   */
  | { readonly kind: 'counters'; readonly counters: Readonly<Record<string, number>> }
  | { readonly kind: 'stopped' };
