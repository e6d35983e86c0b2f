import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MIX_FRAME_SAMPLES } from '../../src/core/mix/mix-clock.ts';
import type { MixPorts } from '../../src/main/mix/mix-ports.ts';
import { VoiceDecoder, VoiceEncoder } from '../../src/main/voice/opus.ts';
import { rmsDbfs } from '../sound/level.ts';
import { MixRig, type TestMember, until } from './mix-rig.ts';
import { publisherPackets, RATE_HZ, readSpeech, scoreSpeech } from './publisher-packets.ts';

/**
 * An idle machine scores 0.98. One that others use lets threads wait: jitter buffers then stretch what they play, which
 * is heard less than it is scored.
 */
const LEAST_STOI = 0.85;
const LEVEL_TOLERANCE_DB = 2;

/** Nobody can say when a machine that others use has time. */
const PATIENCE = { timeout: 30_000, retry: 2 };

/** Calls back for each of `count` times when it is due, `everyMs` apart; late ones at once. */
async function inTime(
  count: number,
  everyMs: number,
  act: (index: number, nowMs: number) => void,
): Promise<void> {
  const startMs = performance.now();
  for (let index = 0; index < count; ) {
    const nowMs = performance.now();
    if (nowMs < startMs + index * everyMs) await new Promise((resolve) => setTimeout(resolve, 2));
    else {
      act(index, nowMs);
      index += 1;
    }
  }
}

/** What the gateways get of a mix, decoded. */
class MixEar {
  readonly #decoder = new VoiceDecoder();
  readonly #blocks: Float32Array[] = [];

  constructor(rig: MixRig) {
    rig.onFromRoom = (message) => {
      if (message.kind !== 'mixed') return;
      const block = new Float32Array(MIX_FRAME_SAMPLES);
      expect(this.#decoder.decode(message.packet, block)).toBe(MIX_FRAME_SAMPLES);
      this.#blocks.push(block);
    };
  }

  get frames(): number {
    return this.#blocks.length;
  }

  sound(): Float32Array {
    const all = new Float32Array(this.#blocks.length * MIX_FRAME_SAMPLES);
    for (const [index, block] of this.#blocks.entries()) all.set(block, index * MIX_FRAME_SAMPLES);
    return all;
  }
}

function expectSame(source: Float32Array, sound: Float32Array): void {
  expect(scoreSpeech(source, sound)).toBeGreaterThan(LEAST_STOI);
  const longerDb = 10 * Math.log10(sound.length / source.length);
  expect(Math.abs(rmsDbfs(sound) + longerDb - rmsDbfs(source))).toBeLessThan(LEVEL_TOLERANCE_DB);
}

/** Everything that a member opens, in order, however late it is for its jitter buffer. */
function openedBy(opened: string[]): (ports: MixPorts) => MixPorts {
  return (ports) => ({
    ...ports,
    createKey: (bytes) => {
      const key = ports.createKey(bytes);
      return {
        seal: (...sealing) => key.seal(...sealing),
        open: (nonce, associatedData, sealed, into) => {
          const length = key.open(nonce, associatedData, sealed, into);
          if (length > 0) opened.push(Buffer.from(into.subarray(0, length)).toString('base64'));
          return length;
        },
      };
    },
  });
}

let speech = new Float32Array(0);
beforeAll(async () => {
  speech = Float32Array.from(await readSpeech(4));
});

describe('the mix of a channel at a real relay', () => {
  let rig: MixRig;
  let ada: TestMember;
  /** Of Ada's frames: they count on. */
  let timestamp = 0;
  const opened: string[] = [];
  beforeAll(async () => {
    rig = await MixRig.start();
    await rig.stand('conversation');
    ada = await rig.join('Ada', openedBy(opened));
  }, 30_000);
  afterAll(() => rig?.stop(), 30_000);

  function speak(samples: Float32Array): Promise<void> {
    const encoder = new VoiceEncoder(48_000);
    return inTime(samples.length / MIX_FRAME_SAMPLES, 20, (index, nowMs) => {
      const from = index * MIX_FRAME_SAMPLES;
      const packet = encoder.encode(samples.subarray(from, from + MIX_FRAME_SAMPLES));
      ada.voice.say(packet, timestamp, false, nowMs);
      timestamp += MIX_FRAME_SAMPLES;
    });
  }

  const want = (wanted: boolean): void => rig.send({ kind: 'demand', channel: rig.channel, wanted });
  const count = (name: string): number => rig.counters[name] ?? 0;

  it('is not made while nobody wants it: nothing is even opened', PATIENCE, async () => {
    const before = count('voice.datagrams');
    await speak(speech.subarray(0, RATE_HZ));
    await until(() => count('voice.datagrams') >= before + 45, 'datagrams to arrive');
    expect(count('voice.unheard')).toBe(count('voice.datagrams'));
    expect(rig.counters).toMatchObject({ 'voice.open.received': 0, framesMixed: 0, 'now.mixing': 0 });
    expect(rig.fromRoom.some(({ message }) => message.kind === 'mixed')).toBe(false);
  });

  it('is what was said, from the moment somebody wants it, silence included', PATIENCE, async () => {
    const ear = new MixEar(rig);
    const leftOutBefore = count('framesLeftOut');
    const startMs = performance.now();
    want(true);
    await speak(speech);
    await inTime(15, 20, () => undefined);
    want(false);
    const tookMs = performance.now() - startMs;
    await until(() => count('now.mixing') === 0, 'the mix to end');
    expectSame(speech, ear.sound());
    const leftOut = count('framesLeftOut') - leftOutBefore;
    expect(Math.abs(ear.frames + leftOut - tookMs / 20)).toBeLessThan(10);
    expect(count('voice.datagrams')).toBe(count('voice.unheard') + count('voice.open.received'));
    expect(count('voice.open.opened')).toBe(count('voice.open.received'));
  });

  it('has a talking listener in it, whom the members hear, too', PATIENCE, async () => {
    const ear = new MixEar(rig);
    opened.length = 0;
    const said = speech.subarray(0, 2 * RATE_HZ);
    const packets = publisherPackets(said, { frameMs: 20, channels: 1, bitrate: 32_000 });
    want(true);
    ada.voice.setListening(true);
    await inTime(packets.length, 20, (index) => {
      rig.send({ kind: 'speak', channel: rig.channel, packet: packets[index] ?? new Uint8Array() });
    });
    rig.send({ kind: 'pause', channel: rig.channel });
    await inTime(25, 20, () => undefined);
    want(false);
    ada.voice.setListening(false);
    expect(opened).toEqual(packets.map((packet) => Buffer.from(packet).toString('base64')));
    expectSame(said, ear.sound());
  });

  it('goes on when the member was put out and let in again', PATIENCE, async () => {
    const told = rig.events.length;
    const identity = rig.events.find((event) => event.kind === 'identity')?.identity ?? '';
    await rig.dismiss(identity);
    const news = (kind: string): boolean => rig.events.slice(told).some((event) => event.kind === kind);
    await until(() => news('dropped') && news('identity') && rig.standing, 'its return');
    const ear = new MixEar(rig);
    want(true);
    await until(() => ear.frames > 10, 'its mix');
    want(false);
  });

  it('goes on when the relay was started again', PATIENCE, async () => {
    const told = rig.fromRoom.length;
    await rig.restartRelay();
    const news = (): boolean[] =>
      rig.fromRoom
        .slice(told)
        .flatMap(({ message }) => (message.kind === 'standing' ? [message.standing] : []));
    await until(() => news().includes(false) && rig.standing, 'its return');
    const ear = new MixEar(rig);
    want(true);
    await until(() => ear.frames > 10, 'its mix');
    want(false);
  });
});

describe('a publisher at a real relay', () => {
  let rig: MixRig;
  let ada: TestMember;
  const opened: string[] = [];
  beforeAll(async () => {
    rig = await MixRig.start();
    await rig.stand('publisher');
    ada = await rig.join('Ada', openedBy(opened));
  }, 30_000);
  afterAll(() => rig?.stop(), 30_000);

  it.each([
    { frameMs: 20, channels: 2, bitrate: 128_000, atOnce: 1 } as const,
    { frameMs: 60, channels: 1, bitrate: 64_000, atOnce: 1 } as const,
    { frameMs: 20, channels: 2, bitrate: 96_000, atOnce: 50 } as const,
  ])('reaches a member byte for byte: %o', PATIENCE, async ({ atOnce, ...options }) => {
    const packets = publisherPackets(speech.subarray(0, 2 * RATE_HZ), options);
    opened.length = 0;
    ada.voice.setListening(true);
    await inTime(Math.ceil(packets.length / atOnce), options.frameMs * atOnce, (index) => {
      for (const packet of packets.slice(index * atOnce, (index + 1) * atOnce))
        rig.send({ kind: 'speak', channel: rig.channel, packet });
    });
    rig.send({ kind: 'pause', channel: rig.channel });
    await until(() => opened.length >= packets.length, 'the packets');
    expect(opened).toEqual(packets.map((packet) => Buffer.from(packet).toString('base64')));
  });

  it('is sent to nobody while nobody else is there', PATIENCE, async () => {
    ada.leave();
    // Time for the relay to tell, and for counters to be told anew.
    await inTime(75, 20, () => undefined);
    const { 'voice.seal.sent': sent = 0, packetsUnheard: before = 0 } = rig.counters;
    await inTime(50, 20, () => {
      rig.send({ kind: 'speak', channel: rig.channel, packet: Uint8Array.of(31 << 3, 1, 2) });
    });
    await until(() => (rig.counters['packetsUnheard'] ?? 0) >= before + 50, 'packets that nobody hears');
    expect(rig.counters['voice.seal.sent']).toBe(sent);
    const { packets = 0, packetsUnheard = 0, 'packets.packets': taken = 0 } = rig.counters;
    expect(packets).toBe(packetsUnheard + taken);
  });
});
