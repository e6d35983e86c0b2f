import { describe, expect, it } from 'vitest';
import { ProcessingChain } from '../../core/processing/processing-chain.ts';
import { DEFAULT_PROCESSING } from '../../core/processing/processing-settings.ts';
import { BLOCK_SAMPLES } from '../../core/processing/processing-stage.ts';
import type { PacketSlot } from '../../core/ring/packet-ring.ts';
import { CHANNEL_TARGET, KeyRing } from '../../core/seal/key-ring.ts';
import { Opener } from '../../core/seal/opener.ts';
import { MAX_SEALED_PLAINTEXT_BYTES } from '../../core/seal/sealed-datagram.ts';
import { levelDb } from '../../core/voice/level.ts';
import { Microphone } from '../../core/voice/microphone.ts';
import { SAMPLES_PER_MS } from '../../core/voice/sample-rate.ts';
import { WHISPER_SPREAD_SAMPLES, WHISPER_TAIL_SAMPLES } from '../../core/voice/whisper-schedule.ts';
import {
  createHeader,
  decodeHeader,
  FLAG_CONTROL,
  FLAG_WHISPER,
  FLAGS_OFFSET,
  WHISPER_LIST_BIT,
} from '../../core/wire/datagram.ts';
import { AesGcmKey } from '../base/aes-gcm-key.ts';
import { VoiceDecoder, VoiceEncoder } from './opus.ts';
import { StageLoader } from './processing/stage-loader.ts';
import { MAX_OPUS_PACKET_BYTES, PACKET_LAST, packetKind, whisperNumber } from './voice-protocol.ts';
import { VoiceSession } from './voice-session.ts';

const LIST = WHISPER_LIST_BIT + 1;
const WHISPER = whisperNumber(1, 1);
const SPEAKER = 7;
const FRAME_SAMPLES = 960;
const ONE_SECOND = 48_000;

/** Silence, encoded by an encoder that never heard anything else, measures -109 dBFS once decoded. */
const SILENCE_LIMIT_DB = -100;

/** An encoder that does not forget lets -33 dBFS of a whisper into the channel, and -72 dBFS the other way round. */
const TRACE_DB = -80;

/**
 * The processing's filters ring on: without the 60 ms that are nobody's behind a whisper's tail, the tone that broke off
 * there came through at -48 dBFS; with them at -82 to -90.
 */
const PROCESSED_LIMIT_DB = -75;

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);
const channelKey = { key: bytes(16, 1), salt: bytes(12, 2) };
const whisperKey = { key: bytes(16, 3), salt: bytes(12, 4) };

function createSession(onDatagram: (datagram: Uint8Array) => void): VoiceSession {
  return new VoiceSession({
    startSequence: 0,
    createDecoder: () => new VoiceDecoder(),
    mac: () => new Uint8Array(32),
    openTransport: () => ({
      counters: {},
      send: (datagram, lengthBytes) => onDatagram(datagram.slice(0, lengthBytes)),
      close: () => undefined,
    }),
    emit: () => undefined,
  });
}

/** Microphone, Opus and sealing as in the program, with or without the encoder's forgetting. */
class Rig {
  readonly microphone = new Microphone(1_000);
  readonly datagrams: Uint8Array[] = [];
  readonly #encoder = new VoiceEncoder(32_000);
  readonly #forgetting: boolean;
  readonly #processing: ProcessingChain | null;
  readonly #session = createSession((datagram) => {
    // Without the probes.
    if (((datagram[FLAGS_OFFSET] ?? 0) & FLAG_CONTROL) === 0) this.datagrams.push(datagram);
  });
  readonly #packet: PacketSlot = {
    bytes: new Uint8Array(MAX_OPUS_PACKET_BYTES),
    length: 0,
    kind: 0,
    stampMs: 0,
  };
  readonly #block = new Float32Array(BLOCK_SAMPLES);
  #phase = 0;

  /** @param processing blocks of 480 samples go through it first; null: as they are */
  constructor(forgetting: boolean, processing: ProcessingChain | null = null) {
    this.#forgetting = forgetting;
    this.#processing = processing;
    const session = this.#session;
    session.handleCommand(
      { kind: 'connect', address: '', port: 1, token: SPEAKER, pathKey: bytes(32, 0) },
      0,
    );
    session.handleCommand({ kind: 'epoch', keyId: 1, own: channelKey, members: [] }, 0);
    session.handleCommand(
      { kind: 'whisperTarget', whisper: WHISPER, target: LIST, keyId: 2, ...whisperKey },
      0,
    );
    this.microphone.setInRoom(true, 0, this);
    this.microphone.gate.mode = 'pushToTalk';
    this.microphone.setPushToTalk(true, 0);
    this.run(WHISPER_TAIL_SAMPLES, 'silence');
  }

  encodeFrame(
    samples: Float32Array,
    target: number,
    timestamp: number,
    last: boolean,
    forget: boolean,
  ): void {
    if (forget && this.#forgetting) this.#encoder.reset();
    const packet = this.#encoder.encode(samples);
    this.#packet.bytes.set(packet);
    this.#packet.length = packet.length;
    this.#packet.kind = packetKind(last ? PACKET_LAST : 0, target);
    this.#packet.stampMs = timestamp / SAMPLES_PER_MS;
    this.#session.handlePacket(this.#packet, 0);
  }

  run(samples: number, sound: 'tone' | 'silence'): void {
    for (let left = samples; left > 0; ) {
      const count = Math.min(left, BLOCK_SAMPLES);
      for (let at = 0; at < count; at += 1) {
        this.#phase += (2 * Math.PI * 440) / 48_000;
        this.#block[at] = sound === 'tone' ? 0.8 * Math.sin(this.#phase) : 0;
      }
      this.#processing?.process(this.#block);
      this.microphone.handleBlock(this.#block, count, this.#processing?.delaySamples ?? 0, 1, this);
      left -= count;
    }
  }

  whisper(held: boolean): void {
    this.microphone.handleWhisper(held ? WHISPER : null, 0, this);
  }

  close(): void {
    this.#session.close();
  }
}

/** What somebody hears who has only the keys for `target`, all that was sent being at hand. */
function heardBy(target: number, datagrams: readonly Uint8Array[]): { opened: number; db: number } {
  const keys = new KeyRing();
  const sealingKey = ({ key, salt }: typeof channelKey, keyId: number) => ({
    keyId,
    key: new AesGcmKey(key),
    salt,
  });
  if (target === CHANNEL_TARGET) keys.setEpoch(1, new Map([[SPEAKER, sealingKey(channelKey, 1)]]), 0);
  else keys.setWhisperKey(SPEAKER, target, sealingKey(whisperKey, 2), 0);
  const opener = new Opener(keys);
  const header = createHeader();
  const packet = new Uint8Array(MAX_SEALED_PLAINTEXT_BYTES);
  const decoder = new VoiceDecoder();
  const frame = new Float32Array(5_760);
  const heard: number[] = [];
  for (const datagram of datagrams) {
    expect(decodeHeader(datagram, datagram.length, header)).toEqual({ ok: true });
    const result = opener.open(header, datagram, datagram.length, 0, packet);
    if (!result.ok) continue;
    const samples = decoder.decode(packet.subarray(0, result.lengthBytes), frame);
    heard.push(...frame.subarray(0, samples));
  }
  return { opened: opener.counters.opened, db: levelDb(Float32Array.from(heard), heard.length) };
}

function toneToWhisperThenSilence(rig: Rig): void {
  rig.whisper(true);
  rig.run(ONE_SECOND, 'tone');
  rig.whisper(false);
  rig.run(WHISPER_TAIL_SAMPLES, 'tone');
  rig.run(ONE_SECOND, 'silence');
}

function toneToChannelThenSilence(rig: Rig): void {
  rig.run(ONE_SECOND, 'tone');
  rig.whisper(true);
  rig.run(ONE_SECOND, 'silence');
}

describe('a whisper and the channel, through Opus and sealing', () => {
  it.each([
    ['whispered', toneToWhisperThenSilence, CHANNEL_TARGET, LIST],
    ['said to the channel', toneToChannelThenSilence, LIST, CHANNEL_TARGET],
  ])('leave no trace of a loud tone that was %s in what the other hears', (_name, act, other, meant) => {
    const rig = new Rig(true);
    act(rig);
    rig.close();
    const heard = heardBy(other, rig.datagrams);
    expect(heard.opened).toBeGreaterThanOrEqual(47);
    expect(heard.db).toBeLessThan(SILENCE_LIMIT_DB);
    // Who was meant heard it: a tone of 0.8 is at -5 dBFS, and half of what they heard is silence.
    expect(heardBy(meant, rig.datagrams).db).toBeGreaterThan(-12);
  });

  it.each([
    ['whispered', toneToWhisperThenSilence, CHANNEL_TARGET],
    ['said to the channel', toneToChannelThenSilence, LIST],
  ])('would, if the encoder did not forget (%s)', (_name, act, other) => {
    const rig = new Rig(false);
    act(rig);
    rig.close();
    expect(heardBy(other, rig.datagrams).db).toBeGreaterThan(TRACE_DB);
  });

  it('are told apart by the flag alone on the way', () => {
    const rig = new Rig(true);
    toneToWhisperThenSilence(rig);
    rig.close();
    const flags = rig.datagrams.map((datagram) => (datagram[FLAGS_OFFSET] ?? 0) & FLAG_WHISPER);
    expect(flags.filter((flag) => flag !== 0).length).toBe(
      (ONE_SECOND + WHISPER_TAIL_SAMPLES) / FRAME_SAMPLES,
    );
    const channelSamples = ONE_SECOND - WHISPER_SPREAD_SAMPLES;
    expect(flags.filter((flag) => flag === 0).length).toBe(channelSamples / FRAME_SAMPLES);
  });
});

describe('a whisper and the channel, through the processing as well', () => {
  it.each(['off', 'light', 'strong'] as const)(
    'leave no trace of a loud tone that was whispered (noise suppression %s)',
    async (noiseSuppression) => {
      const chain = new ProcessingChain(() => performance.now() * 1_000);
      const stages = new StageLoader(chain);
      stages.setSettings({ ...DEFAULT_PROCESSING, noiseSuppression });
      await stages.settled();
      const rig = new Rig(true, chain);
      toneToWhisperThenSilence(rig);
      rig.close();
      const heard = heardBy(CHANNEL_TARGET, rig.datagrams);
      expect(heard.opened).toBeGreaterThanOrEqual(44);
      expect(heard.db).toBeLessThan(PROCESSED_LIMIT_DB);
      expect(heardBy(LIST, rig.datagrams).opened).toBe(60);
      await stages.dispose();
    },
  );
});

describe('VoiceEncoder.reset', () => {
  it('makes an encoder like a new one, byte for byte, with its settings', () => {
    const noise = Float32Array.from({ length: FRAME_SAMPLES }, (_, at) => 0.5 * Math.sin(at * at));
    const speech = Float32Array.from({ length: FRAME_SAMPLES }, (_, at) => 0.3 * Math.sin(at / 20));
    const used = new VoiceEncoder(20_000);
    for (let frame = 0; frame < 25; frame += 1) used.encode(noise);
    used.reset();
    const fresh = new VoiceEncoder(20_000);
    for (let frame = 0; frame < 5; frame += 1) expect(used.encode(speech)).toEqual(fresh.encode(speech));
  });
});
