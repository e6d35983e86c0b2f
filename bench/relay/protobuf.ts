/** One field of a message: a number, or bytes. */
export type Field = readonly [number: number, value: number | bigint | string | Buffer];

const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;

/** Longest varint, in bytes: 64 bits, seven in each. */
const MAX_VARINT_BYTES = 10;

function encodeVarint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** Encodes a message: numbers as varints, the rest as bytes (Protocol Buffers, "Encoding"). */
export function encodeMessage(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      const wireType = typeof value === 'number' || typeof value === 'bigint' ? VARINT : BYTES;
      const key = encodeVarint((BigInt(number) << 3n) | BigInt(wireType));
      if (typeof value === 'number' || typeof value === 'bigint') return [key, encodeVarint(BigInt(value))];
      const bytes = typeof value === 'string' ? Buffer.from(value) : value;
      return [key, encodeVarint(BigInt(bytes.length)), bytes];
    }),
  );
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let count = 0; count < MAX_VARINT_BYTES; count += 1) {
      const byte = this.take(1)[0] ?? 0;
      value |= BigInt(byte & 0x7f) << BigInt(7 * count);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new Error('a varint has no end');
  }

  take(lengthBytes: number): Buffer {
    const end = this.#at + lengthBytes;
    if (end > this.#bytes.length) throw new Error('a message ends too early');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

/**
 * Decodes a message: fields by number, of each the last that stands there; fixed numbers are left as bytes.
 *
 * @throws Error when it is none
 */
export function decodeMessage(bytes: Buffer): ReadonlyMap<number, bigint | Buffer> {
  const fields = new Map<number, bigint | Buffer>();
  const reader = new Reader(bytes);
  while (!reader.done) {
    const key = reader.varint();
    const number = Number(key >> 3n);
    switch (Number(key & 7n)) {
      case VARINT:
        fields.set(number, reader.varint());
        break;
      case FIXED_64:
        fields.set(number, reader.take(8));
        break;
      case BYTES:
        fields.set(number, reader.take(Number(reader.varint())));
        break;
      case FIXED_32:
        fields.set(number, reader.take(4));
        break;
      default:
        throw new Error('a field has no wire type');
    }
  }
  return fields;
}
