declare const brand: unique symbol;

/** A primitive that cannot be mixed up with another of the same shape. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** u32 that routes a datagram and names its speaker. Public within the channel, no credential. */
export type SessionToken = Brand<number, 'SessionToken'>;

/** Datagram counter of one sender, 0 up to 2^53 - 1. */
export type SeqNo = Brand<number, 'SeqNo'>;
