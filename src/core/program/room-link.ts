/**
 * What the gateways and the members that stand in the channels for them say to each other, over a message port. Both
 * are this program; frames are copied, 50 a second and channel.
 */

/** Gateways to members. */
export type ToRoom =
  /** Whether anybody listens to the mix of that channel: only then is it made. */
  | { readonly kind: 'demand'; readonly channel: number; readonly wanted: boolean }
  /** An Opus packet that the channel's members are to hear: a publisher's, or a talking listener's. */
  | { readonly kind: 'speak'; readonly channel: number; readonly packet: Uint8Array }
  /** The end of that talkspurt. */
  | { readonly kind: 'pause'; readonly channel: number };

/** Members to gateways. */
export type FromRoom =
  /** The member stands in the channel with keys, or no longer. */
  | {
      readonly kind: 'standing';
      readonly channel: number;
      readonly standing: boolean;
      readonly bitrate: number;
    }
  /** 20 ms of the mix of a channel, while it is wanted. */
  | { readonly kind: 'mixed'; readonly channel: number; readonly packet: Uint8Array };
