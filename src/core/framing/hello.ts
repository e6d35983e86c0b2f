import { z } from 'zod';

/** Longest `hello`, in bytes: everything known, at its limits, fits four times. */
export const MAX_HELLO_BYTES = 4_096;

/** Ways to take a program that a client may name; it may name others, which are passed over. */
const MAX_CAPABILITIES = 16;
const MAX_CAPABILITY_LENGTH = 32;

/** Longest key or password that is looked at. */
const MAX_SECRET_LENGTH = 256;

/** Highest bitrate of Opus (RFC 6716, section 2.1.1), in bit/s. */
const MAX_BITRATE = 510_000;

/** How a client takes the program. `opus-raw` and `webcodecs` get the same frames; `ogg-http` fetches an address. */
export const DELIVERIES = ['webcodecs', 'opus-raw', 'ogg-http'] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** What a client says of itself; null and what is not known here are passed over, as other servers do. */
const helloSchema = z.object({
  type: z.literal('hello'),
  clientType: z.string().max(MAX_CAPABILITY_LENGTH).nullish(),
  supports: z.array(z.string().max(MAX_CAPABILITY_LENGTH)).max(MAX_CAPABILITIES).nullish(),
  preferred: z.string().max(MAX_CAPABILITY_LENGTH).nullish(),
  ptt: z.boolean().nullish(),
  bitrate: z.number().int().min(0).max(MAX_BITRATE).nullish(),
  channels: z.number().int().min(1).max(2).nullish(),
  key: z.string().max(MAX_SECRET_LENGTH).nullish(),
  password: z.string().max(MAX_SECRET_LENGTH).nullish(),
});

export interface Hello {
  /** It means to publish a whole program. */
  readonly streamer: boolean;
  /** How it takes the program; null: in no way that there is. */
  readonly delivery: Delivery | null;
  /** It would talk. */
  readonly ptt: boolean;
  /** Link key or password; null: it gave none. */
  readonly secret: string | null;
}

export type HelloFault = 'helloTooLong' | 'helloNotText' | 'helloNotJson' | 'helloMalformed';

export type HelloReading =
  | { readonly ok: true; readonly hello: Hello }
  | { readonly ok: false; readonly reason: HelloFault };

/** Reads the first message of a client. */
export function readHello(text: string): HelloReading {
  // A character takes a byte at least: what is longer than that needs no parsing.
  if (text.length > MAX_HELLO_BYTES) return { ok: false, reason: 'helloTooLong' };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'helloNotJson' };
  }
  const parsed = helloSchema.safeParse(json);
  if (!parsed.success) return { ok: false, reason: 'helloMalformed' };
  const { clientType, supports, preferred, ptt, key, password } = parsed.data;
  return {
    ok: true,
    hello: {
      streamer: clientType === 'streamer',
      delivery: chooseDelivery(supports ?? null, preferred ?? null),
      ptt: ptt === true,
      secret: key ?? password ?? null,
    },
  };
}

/**
 * What a client prefers, where it supports that itself; else the first of DELIVERIES that it supports.
 *
 * @param supports null: it says nothing, and gets frames, as clients older than the question do
 */
export function chooseDelivery(
  supports: readonly string[] | null,
  preferred: string | null,
): Delivery | null {
  const offered = supports ?? ['opus-raw'];
  const wish = DELIVERIES.find((delivery) => delivery === preferred && offered.includes(delivery));
  return wish ?? DELIVERIES.find((delivery) => offered.includes(delivery)) ?? null;
}

/** A refused hello in a person's words. */
export function helloSentence(reason: HelloFault): string {
  switch (reason) {
    case 'helloTooLong':
      return `The first message is longer than ${MAX_HELLO_BYTES} bytes.`;
    case 'helloNotText':
      return 'The first message must be a "hello" in JSON, not sound.';
    case 'helloNotJson':
      return 'The first message is not JSON.';
    case 'helloMalformed':
      return 'The first message is not a "hello" that this relay understands.';
  }
}
