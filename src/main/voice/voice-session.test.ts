import { describe, expect, it } from 'vitest';
import { base64UrlToBytes } from '../../core/base/base64url.ts';
import { CHAOS_OFF } from '../../core/chaos/chaos-settings.ts';
import type { PacketSlot } from '../../core/ring/packet-ring.ts';
import { SEALED_OVERHEAD_BYTES } from '../../core/seal/sealed-datagram.ts';
import type { FrameDecoder } from '../../core/voice/speaker.ts';
import {
  createHeader,
  type DatagramHeader,
  decodeHeader,
  FLAG_CONTROL,
  FLAG_REDUNDANT,
  FLAG_SEALED,
  FLAG_WHISPER,
  HEADER_BYTES,
} from '../../core/wire/datagram.ts';
import {
  MAX_OPUS_PACKET_BYTES,
  PACKET_LAST,
  PACKET_SELF_TEST,
  packetKind,
  packetWhisper,
  SEQUENCES_PER_THREAD,
  type VoiceCommand,
  type VoiceEvent,
  whisperNumber,
  whisperSlot,
} from './voice-protocol.ts';
import { VoiceSession } from './voice-session.ts';

const OWN = 7;
const OTHER = 8;
const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);
const keyOf = (fill: number) => ({ key: bytes(16, fill), salt: bytes(12, fill) });
const ALICE_KEY = keyOf(8);

class SilentDecoder implements FrameDecoder {
  decode(_packet: Uint8Array, into: Float32Array): number {
    into.fill(0, 0, 960);
    return 960;
  }

  conceal(into: Float32Array): number {
    return this.decode(bytes(0, 0), into);
  }
}

function setUp(token = OWN, startSequence = 0) {
  const sent: { header: DatagramHeader; bytes: Uint8Array }[] = [];
  const events: VoiceEvent[] = [];
  const sockets: string[] = [];
  const session = new VoiceSession({
    startSequence,
    createDecoder: () => new SilentDecoder(),
    mac: (key, message) => {
      const mac = new Uint8Array(32);
      [...key, ...message].forEach((byte, at) => {
        mac[at & 31] = ((mac[at & 31] ?? 0) * 31 + byte) & 0xff;
      });
      return mac;
    },
    openTransport: (address, port) => {
      sockets.push(`open ${address}:${port}`);
      return {
        counters: { sent: 1 },
        send: (datagram, lengthBytes) => {
          const header = createHeader();
          expect(decodeHeader(datagram, lengthBytes, header)).toEqual({ ok: true });
          if ((header.flags & FLAG_CONTROL) === 0)
            sent.push({ header, bytes: datagram.slice(0, lengthBytes) });
        },
        close: () => sockets.push(`close ${address}:${port}`),
      };
    },
    emit: (event) => events.push(event),
  });
  const packet: PacketSlot = {
    bytes: new Uint8Array(MAX_OPUS_PACKET_BYTES),
    length: 3,
    kind: 0,
    stampMs: 20,
  };
  const order = (command: VoiceCommand): void => session.handleCommand(command, 0);
  const speak = (kind = 0): void => session.handlePacket({ ...packet, kind }, 0);
  /** A packet of 20 ms: CELT (RFC 6716, section 3.1). */
  const speakFrame = (frame: number): void => {
    packet.bytes[0] = 31 << 3;
    session.handlePacket({ ...packet, stampMs: frame * 20 }, 0);
  };
  const connect = (pathFill = 1): void =>
    order({ kind: 'connect', address: '192.0.2.1', port: 5, token, pathKey: bytes(32, pathFill) });
  const numbers = (): number[] => sent.map(({ header }) => header.sequence);
  return { session, sent, events, sockets, order, speak, speakFrame, connect, numbers };
}

type Bench = ReturnType<typeof setUp>;

function startEpoch({ order }: Bench, own = keyOf(3)): void {
  order({ kind: 'epoch', keyId: 1, own, members: [[OTHER, ALICE_KEY.key, ALICE_KEY.salt]] });
}

function hear({ session }: Bench, datagram: Uint8Array | undefined, nowMs = 0): void {
  session.handleCommand({ kind: 'laneDatagram', bytes: datagram ?? bytes(0, 0) }, nowMs);
}

/** Datagrams of somebody else in the channel. */
function voiceOfOther(count: number): Uint8Array[] {
  const other = setUp(OTHER);
  other.connect();
  other.order({ kind: 'epoch', keyId: 1, own: ALICE_KEY, members: [] });
  for (let frame = 0; frame < count; frame += 1) other.speakFrame(frame);
  other.session.close();
  return other.sent.map((one) => one.bytes);
}

describe('VoiceSession', () => {
  it('sends nothing before it has a key, and all of it sealed afterwards', () => {
    const bench = setUp();
    bench.connect();
    bench.speak();
    startEpoch(bench);
    bench.speak(packetKind(PACKET_LAST, 0));
    expect(bench.sent.map(({ header }) => header.flags & FLAG_SEALED)).toEqual([FLAG_SEALED]);
    expect(bench.session.counters()['seal']).toMatchObject({ sent: 1, withoutKey: 1 });
    bench.session.close();
  });

  it('goes on with counts, keys, speakers and numbers seen when the session is resumed', () => {
    const bench = setUp();
    const [first, second] = voiceOfOther(2);
    bench.connect();
    startEpoch(bench);
    bench.speak();
    hear(bench, first);
    bench.connect(2);
    bench.speak();
    hear(bench, first);
    hear(bench, second);
    expect(bench.numbers()).toEqual([0, 1]);
    expect(bench.session.counters()['open']).toMatchObject({ opened: 2, replayed: 1 });
    expect(bench.session.receiver.voices).toHaveLength(1);
    expect(bench.sockets).toEqual(['open 192.0.2.1:5', 'close 192.0.2.1:5', 'open 192.0.2.1:5']);
    bench.session.close();
  });

  it('begins anew, without keys, under another token', () => {
    const bench = setUp();
    const [first] = voiceOfOther(1);
    bench.connect();
    startEpoch(bench);
    hear(bench, first);
    bench.order({ kind: 'connect', address: 'a', port: 1, token: OWN + 10, pathKey: bytes(32, 1) });
    bench.speak();
    hear(bench, first);
    expect(bench.sent).toEqual([]);
    expect(bench.session.counters()['seal']).toMatchObject({ withoutKey: 1 });
    expect(bench.session.counters()['open']).toMatchObject({ opened: 1, unknownKeyId: 1 });
    expect(bench.session.receiver.voices).toEqual([]);
    bench.session.close();
  });

  it('hears somebody on whose voice thread was started again, in the middle of a session', () => {
    const bench = setUp();
    bench.connect();
    startEpoch(bench);
    for (const datagram of voiceOfOther(3)) hear(bench, datagram);
    const renewed = { key: bytes(16, 9), salt: bytes(12, 9) };
    bench.order({ kind: 'epoch', keyId: 2, own: null, members: [[OTHER, renewed.key, renewed.salt]] });
    for (const startSequence of [0, SEQUENCES_PER_THREAD]) {
      const restarted = setUp(OTHER, startSequence);
      restarted.connect();
      restarted.order({ kind: 'epoch', keyId: 2, own: renewed, members: [] });
      restarted.speak();
      hear(bench, restarted.sent[0]?.bytes);
      restarted.session.close();
    }
    // From zero it would have been taken for a replay.
    expect(bench.session.counters()['open']).toMatchObject({ opened: 4, replayed: 1 });
    bench.session.close();
  });

  it('sends whispers to what their slot stands for, and drops those of the target before', () => {
    const bench = setUp();
    bench.connect();
    const first = whisperNumber(3, 1);
    const second = whisperNumber(3, 2);
    const give = (whisper: number, target: number, fill: number): void =>
      bench.order({ kind: 'whisperTarget', whisper, target, keyId: fill, ...keyOf(fill) });
    bench.speak(packetKind(0, first));
    give(first, 100, 4);
    bench.speak(packetKind(0, first));
    give(first, 100, 5);
    bench.speak(packetKind(0, first));
    give(second, 200, 6);
    bench.speak(packetKind(0, first));
    bench.speak(packetKind(0, second));
    bench.order({ kind: 'noWhisperTarget', slot: 3 });
    bench.speak(packetKind(0, second));
    const facts = bench.sent.map(({ header }) => [
      header.flags & FLAG_WHISPER,
      header.target,
      header.sequence,
    ]);
    expect(facts).toEqual([
      [FLAG_WHISPER, 100, 0],
      [FLAG_WHISPER, 100, 1],
      [FLAG_WHISPER, 200, 0],
    ]);
    expect(bench.session.counters()['seal']).toMatchObject({ withoutTarget: 3, withoutKey: 0 });
    bench.session.close();
  });

  it('plays the hear-yourself test without sending it, in no session too', () => {
    const bench = setUp();
    bench.speak(packetKind(PACKET_SELF_TEST, 0));
    expect(bench.session.receiver.voices).toHaveLength(1);
    expect(bench.sent).toEqual([]);
  });

  it('leaves out and counts keys that are none', () => {
    const bench = setUp();
    bench.order({ kind: 'epoch', keyId: 1, own: null, members: [[OTHER, bytes(15, 1), bytes(12, 1)]] });
    bench.order({
      kind: 'whisperKey',
      from: OTHER,
      target: OWN,
      keyId: 1,
      key: bytes(16, 1),
      salt: bytes(11, 1),
    });
    expect(bench.session.counters()['seal']).toMatchObject({ badKeys: 2 });
  });

  it('falls back to the lane, says so, and tells how long it has been deaf once a second', async () => {
    const bench = setUp();
    bench.connect();
    startEpoch(bench);
    // The path engine lives on the real clock here: LANE_FALLBACK_MS and a bit.
    await expect
      .poll(() => bench.events.some((event) => event.kind === 'voicePath' && event.path === 'lane'), {
        timeout: 4_000,
      })
      .toBe(true);
    bench.speak();
    const lane = bench.events.filter((event) => event.kind === 'laneDatagram').map((event) => event.bytes);
    const flags = lane.map((datagram) => (datagram[4] ?? 0) & FLAG_SEALED);
    expect(bench.sent).toEqual([]);
    expect(flags).toContain(FLAG_SEALED);
    expect(flags).toContain(0);
    const nowMs = performance.now();
    for (let tick = 0; tick < 100; tick += 1) bench.session.reportMeters(nowMs + 3_000 + tick * 50);
    const deaf = bench.events.filter((event) => event.kind === 'path').map((event) => event.deafForMs);
    expect(deaf.length).toBeGreaterThanOrEqual(5);
    expect(deaf.length).toBeLessThanOrEqual(7);
    expect(deaf.every((ms) => ms === null || ms % 1_000 === 0)).toBe(true);
    // A new link looks for UDP first.
    bench.connect(2);
    expect(bench.events.at(-1)).toEqual({ kind: 'voicePath', path: 'udp' });
    bench.session.close();
  });

  it('counts what is no datagram by its reason', () => {
    const bench = setUp();
    bench.connect();
    hear(bench, bytes(5, 1));
    hear(bench, base64UrlToBytes('AAAA') ?? undefined);
    expect(bench.session.counters()['discarded']).toEqual({ tooShort: 2 });
    expect(bench.session.counters()['lane']).toMatchObject({ received: 2 });
    bench.session.close();
  });
});

describe('the kind of a packet', () => {
  it('holds flags, slot and generation, the largest too', () => {
    for (const [slot, generation] of [
      [1, 0],
      [16, 1],
      [16, 2 ** 15 - 1],
    ] as const) {
      const whisper = whisperNumber(slot, generation);
      const kind = packetKind(PACKET_LAST, whisper);
      expect(new Int32Array([kind])[0]).toBe(kind);
      expect(packetWhisper(kind)).toBe(whisper);
      expect(whisperSlot(whisper)).toBe(slot);
      expect(kind & 0xff).toBe(PACKET_LAST);
    }
    expect(packetWhisper(packetKind(PACKET_SELF_TEST, 0))).toBe(0);
    expect(whisperNumber(2, 2 ** 15)).toBe(whisperNumber(2, 0));
  });
});

describe('VoiceSession, what goes out and what is lost', () => {
  it('sends copies as it is told', () => {
    const bench = setUp();
    bench.connect();
    startEpoch(bench);
    bench.order({ kind: 'redundancy', copies: 1, spacing: 1 });
    for (let frame = 0; frame < 3; frame += 1) bench.speakFrame(frame);
    const redundant = bench.sent.map(({ header }) => header.flags & FLAG_REDUNDANT);
    expect(redundant).toEqual([0, FLAG_REDUNDANT, FLAG_REDUNDANT]);
    expect(bench.session.counters()['seal']).toMatchObject({ sent: 3, copiesSent: 2 });
    bench.session.close();
  });

  it('tells what is lost of others, and how their voice is doing', () => {
    const bench = setUp();
    bench.connect();
    startEpoch(bench);
    const block = new Float32Array(960);
    for (const [frame, datagram] of voiceOfOther(200).entries()) {
      if (frame % 5 !== 4) hear(bench, datagram, frame * 20);
      bench.session.receiver.mix(block, 960, frame * 20);
    }
    bench.session.handleDeadline(4_000);
    const hearing = bench.events.filter((event) => event.kind === 'hearing');
    expect(hearing).toMatchObject([{ reports: [{ from: OTHER }] }]);
    const speaker = bench.session.counters()[`speaker.${OTHER}`];
    expect(speaker).toMatchObject({ received: 160, talking: 1 });
    expect(speaker?.['bytesReceived']).toBe(160 * (HEADER_BYTES + SEALED_OVERHEAD_BYTES + 3));
    expect(speaker).toHaveProperty('jitterBufferDelayMs');
    bench.session.close();
  });

  it('keeps chaos from link to link, records what it does, and replays what was recorded', () => {
    const bench = setUp();
    const lossy = { ...CHAOS_OFF, lossPercent: 100 };
    bench.order({ kind: 'chaos', settings: lossy, seed: 1 });
    bench.connect();
    startEpoch(bench);
    bench.order({ kind: 'startTrace' });
    bench.speak();
    bench.connect(2);
    bench.speak();
    expect(bench.sent).toEqual([]);
    bench.order({ kind: 'stopTrace' });
    const trace = bench.events.find((event) => event.kind === 'trace');
    expect(trace?.packets).toBeGreaterThanOrEqual(2);
    bench.order({ kind: 'chaos', settings: CHAOS_OFF, seed: 1 });
    bench.speak();
    expect(bench.sent).toHaveLength(1);
    bench.order({ kind: 'replayTrace', text: trace?.text ?? '' });
    bench.speak();
    expect(bench.sent).toHaveLength(1);
    bench.order({ kind: 'replayTrace', text: 'no trace' });
    bench.order({ kind: 'replayTrace', text: null });
    bench.speak();
    expect(bench.sent).toHaveLength(2);
    expect(bench.session.counters()['seal']).toMatchObject({ badTraces: 1 });
    bench.session.close();
  });
});
