import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  COMMAND,
  CONTROL_CHANNEL,
  HEADER_BYTES,
  MAX_PACKET_BYTES,
  PacketReader,
  TagReader,
  TagWriter,
} from './pulse-wire.ts';

function packet(channel: number, body: Uint8Array): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + body.length);
  bytes.writeUInt32BE(body.length, 0);
  bytes.writeUInt32BE(channel, 4);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

/** What a reader makes of `stream`, delivered in pieces of the given sizes. */
function read(
  stream: Buffer,
  sizes: readonly number[],
): { commands: string[]; sounds: string[]; ok: boolean } {
  const commands: string[] = [];
  const sounds: string[] = [];
  const reader = new PacketReader({
    handleCommand: (bytes, start, end) => void commands.push(bytes.toString('hex', start, end)),
    handleSound: (bytes, start, end) => void sounds.push(bytes.toString('hex', start, end)),
  });
  let ok = true;
  for (let at = 0, i = 0; at < stream.length && ok; i++) {
    const piece = stream.subarray(at, at + (sizes[i % sizes.length] ?? 1));
    ok = reader.push(piece, piece.length);
    at += piece.length;
  }
  return { commands, sounds, ok };
}

describe('TagWriter', () => {
  it('writes what PulseAudio reads', () => {
    const bytes = new TagWriter(COMMAND.auth, 7)
      .u32(15)
      .flag(true)
      .text('é')
      .text(null)
      .bytes(Uint8Array.of(1, 2))
      .packet();
    expect(bytes.toString('hex')).toBe(
      ['0000001c', 'ffffffff', '00000000', '00000000', '00000000'].join('') +
        ['4c00000008', '4c00000007', '4c0000000f', '31', '74c3a900', '4e', '78000000020102'].join(''),
    );
  });

  it('writes formats, volumes and properties as libpulse does', () => {
    const bytes = new TagWriter(COMMAND.createPlaybackStream, 0)
      .monoFormat(48_000)
      .fullVolume()
      .properties({ a: 'b' })
      .packet();
    expect(bytes.toString('hex', HEADER_BYTES + 10)).toBe(
      '61050100 00bb80 6d0100 7601 00010000 50 746100 4c00000002 78000000026200 4e'.replaceAll(' ', ''),
    );
  });
});

describe('TagReader', () => {
  it('reads numbers of every kind, negative ones too', () => {
    const bytes = Buffer.from('4c000000ff5500000001000000023130727fffffffffffffff72ffffffffffffffff', 'hex');
    const fields = new TagReader().reset(bytes, 0, bytes.length);
    expect(fields.u32()).toBe(255);
    expect(fields.usec()).toBe(2 ** 32 + 2);
    expect(fields.flag()).toBe(true);
    expect(fields.flag()).toBe(false);
    expect(fields.s64()).toBe(2 ** 63);
    expect(fields.s64()).toBe(-1);
    expect(fields.failed).toBe(false);
  });

  it('reads 0 for what is missing or of another kind, and says so', () => {
    const bytes = Buffer.from('4c0000', 'hex');
    const fields = new TagReader().reset(bytes, 0, bytes.length);
    expect(fields.u32()).toBe(0);
    expect(fields.failed).toBe(true);
    expect(fields.reset(Buffer.from('5500000000', 'hex'), 0, 5).u32()).toBe(0);
    expect(fields.failed).toBe(true);
  });

  it('never throws, whatever the server sends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
        const fields = new TagReader().reset(Buffer.from(noise), 0, noise.length);
        for (let i = 0; i < 20; i++) {
          fields.u32();
          fields.usec();
          fields.s64();
          fields.flag();
          fields.skipTime();
        }
      }),
    );
  });
});

describe('PacketReader', () => {
  it('finds the same packets however they are cut', () => {
    const stream = Buffer.concat([
      packet(CONTROL_CHANNEL, Uint8Array.of(1, 2, 3)),
      packet(
        0,
        Uint8Array.from({ length: 480 }, (_, i) => i),
      ),
      packet(CONTROL_CHANNEL, Uint8Array.of()),
      packet(3, Uint8Array.of(9)),
    ]);
    const whole = read(stream, [stream.length]);
    expect(whole.commands).toEqual(['010203', '']);
    expect(whole.sounds.map((sound) => sound.length / 2)).toEqual([480, 1]);
    const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(sizes, (cuts) => {
        expect(read(stream, cuts)).toEqual(whole);
      }),
    );
  });

  it.each([
    [MAX_PACKET_BYTES - 1, true],
    [MAX_PACKET_BYTES, true],
    [MAX_PACKET_BYTES + 1, false],
  ])('asked to take a packet of %i bytes says %s', (length, ok) => {
    expect(read(packet(0, new Uint8Array(length)), [65_536]).ok).toBe(ok);
  });
});
