import { beforeAll, describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/base/rng.ts';
import { RelayedVoice } from '../../src/core/mix/relayed-voice.ts';
import { CHANNEL_TARGET } from '../../src/core/seal/key-ring.ts';
import { toyKey } from '../../src/core/voice/toy-key.ts';
import { VoiceReceiver } from '../../src/core/voice/voice-receiver.ts';
import { VoiceSender } from '../../src/core/voice/voice-sender.ts';
import { createHeader, decodeHeader } from '../../src/core/wire/datagram.ts';
import { VoiceDecoder } from '../../src/main/voice/opus.ts';
import { rmsDbfs } from '../sound/level.ts';
import { publisherPackets, readSpeech, scoreSpeech } from './publisher-packets.ts';

const TOKEN = 7;
const BLOCK_SAMPLES = 240;
const BLOCK_MS = 5;

/** 20 ms score 0.98, 60 ms 0.94: their jitter buffer begins with more in hand than it needs, and shrinks. */
const LEAST_STOI = 0.93;
const LEVEL_TOLERANCE_DB = 1;

interface Heard {
  readonly sound: Float32Array;
  readonly payloads: readonly Uint8Array[];
  readonly counters: Readonly<Record<string, number>>;
}

/**
 * What a member of a channel of 20 ms frames hears of a publisher, in virtual time: through the listeners' member's
 * timing, sealed datagrams, a network with jitter, and a client's jitter buffer.
 *
 * @param arrivalMs when each packet comes to the listeners' member
 */
function hear(packets: readonly Uint8Array[], arrivalMs: (index: number) => number, jitterMs: number): Heard {
  const rng = createRng(11);
  const key = toyKey(1, TOKEN);
  const sender = new VoiceSender();
  sender.setToken(TOKEN as Parameters<VoiceSender['setToken']>[0]);
  sender.setChannelKey(key);
  const payloads: Uint8Array[] = [];
  const receiver = new VoiceReceiver({
    createDecoder: () => {
      const decoder = new VoiceDecoder();
      return {
        decode: (packet, into) => {
          payloads.push(packet.slice());
          return decoder.decode(packet, into);
        },
        conceal: (into) => decoder.conceal(into),
      };
    },
  });
  receiver.setEpoch(1, new Map([[TOKEN, key]]), 0);
  const header = createHeader();
  const underWay: { readonly bytes: Uint8Array; readonly atMs: number }[] = [];
  let nowMs = 0;
  const voice = new RelayedVoice();
  const out = {
    sendFrame: (packet: Uint8Array, timestamp: number, last: boolean): void =>
      sender.handleFrame(packet, packet.length, timestamp, last, CHANNEL_TARGET, {
        sendDatagram: (bytes, length) => {
          underWay.push({ bytes: bytes.slice(0, length), atMs: nowMs + 2 + rng.next() * jitterMs });
        },
      }),
  };
  const blocks: Float32Array[] = [];
  let next = 0;
  const endMs = arrivalMs(packets.length) + 800;
  for (let step = 0; step * BLOCK_MS < endMs; step += 1) {
    nowMs = step * BLOCK_MS;
    for (
      let packet = packets[next];
      packet !== undefined && arrivalMs(next) <= nowMs;
      packet = packets[next]
    ) {
      voice.handlePacket(packet, nowMs, out);
      next += 1;
      if (next === packets.length) voice.handlePause(nowMs, out);
    }
    voice.handleDeadline(nowMs, out);
    underWay.sort((one, other) => one.atMs - other.atMs);
    for (let first = underWay[0]; first !== undefined && first.atMs <= nowMs; first = underWay[0]) {
      underWay.shift();
      expect(decodeHeader(first.bytes, first.bytes.length, header).ok).toBe(true);
      receiver.handleDatagram(header, first.bytes, first.bytes.length, nowMs);
    }
    const block = new Float32Array(BLOCK_SAMPLES);
    receiver.mix(block, BLOCK_SAMPLES, nowMs);
    blocks.push(block);
  }
  const sound = new Float32Array(blocks.length * BLOCK_SAMPLES);
  for (const [index, block] of blocks.entries()) sound.set(block, index * BLOCK_SAMPLES);
  return { sound, payloads, counters: receiver.counters() };
}

function expectSame(source: Float32Array, sound: Float32Array): void {
  expect(scoreSpeech(source, sound)).toBeGreaterThan(LEAST_STOI);
  const longerDb = 10 * Math.log10(sound.length / source.length);
  expect(Math.abs(rmsDbfs(sound) + longerDb - rmsDbfs(source))).toBeLessThan(LEVEL_TOLERANCE_DB);
}

const texts = (packets: readonly Uint8Array[]): string[] =>
  packets.map((packet) => Buffer.from(packet).toString('base64'));

describe('packets of a publisher, as a member hears them', () => {
  let speech = new Float32Array(0);
  beforeAll(async () => {
    speech = Float32Array.from(await readSpeech(4));
  });

  const cases = [10, 20, 40, 60].flatMap((frameMs) => [
    { frameMs, channels: 1, bitrate: 64_000 } as const,
    { frameMs, channels: 2, bitrate: frameMs === 60 ? 96_000 : 128_000 } as const,
  ]);
  it.each(cases)('are played right, and are byte for byte what was published: %o', (options) => {
    const packets = publisherPackets(speech, options);
    const heard = hear(packets, (index) => index * options.frameMs, 8);
    expect(texts(heard.payloads)).toEqual(texts(packets));
    expect(heard.counters).toMatchObject({ lost: 0, late: 0, undecodable: 0, talkspurts: 1 });
    expectSame(speech, heard.sound);
  });

  it.each([
    ['5 ms: put together', { frameMs: 5, channels: 2, bitrate: 128_000 } as const],
    [
      '60 ms at more than a datagram holds: taken apart',
      { frameMs: 60, channels: 2, bitrate: 256_000 } as const,
    ],
  ])('are played right when they cannot go as they are: %s', (_name, options) => {
    const packets = publisherPackets(speech, options);
    const heard = hear(packets, (index) => index * options.frameMs, 8);
    expect(heard.counters).toMatchObject({ lost: 0, late: 0, undecodable: 0, talkspurts: 1 });
    expectSame(speech, heard.sound);
  });

  it('are played right when a second of them comes at once, as Ogg pages do', () => {
    const packets = publisherPackets(speech, { frameMs: 20, channels: 2, bitrate: 96_000 });
    const heard = hear(packets, (index) => Math.floor(index / 50) * 1_000, 8);
    expect(texts(heard.payloads)).toEqual(texts(packets));
    expect(heard.counters).toMatchObject({ lost: 0, late: 0, talkspurts: 1 });
    expectSame(speech, heard.sound);
  });
});
