import { createHmac } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../core/base/assert.ts';
import type { SessionToken } from '../../core/base/brand.ts';
import { PacketRing } from '../../core/ring/packet-ring.ts';
import { SampleRing, WANT_INDEX, WRITE_INDEX } from '../../core/ring/sample-ring.ts';
import { SELF_TEST_TOKEN, VoiceReceiver } from '../../core/voice/voice-receiver.ts';
import { preferThisThread } from '../base/thread-priority.ts';
import { VoiceDecoder } from './opus.ts';
import { counterMoved } from './ring-wait.ts';
import {
  MAX_OPUS_PACKET_BYTES,
  PACKET_LAST,
  PACKET_SELF_TEST,
  SAMPLES_PER_MS,
  type VoiceCommand,
  type VoiceEvent,
  type VoiceWorkerData,
} from './voice-protocol.ts';
import { VoiceSession } from './voice-session.ts';

/** Mixed at a time: 5 ms, what divides the blocks of all devices. */
const MIX_SAMPLES = 240;

const METER_INTERVAL_MS = 50;
const COUNTERS_INTERVAL_MS = 1_000;

assert(parentPort !== null, 'the voice worker is a worker thread');
const port = parentPort;
preferThisThread();
const data = workerData as VoiceWorkerData;
const packets = new PacketRing(data.packetMemory);
const playback = new SampleRing(data.playbackMemory);
const receiver = new VoiceReceiver({ createDecoder: () => new VoiceDecoder() });
const slot = packets.createSlot();
const mix = new Float32Array(MIX_SAMPLES);
let session: VoiceSession | null = null;
let selfTestSequence = 0;
let pathReported = '';

function send(event: VoiceEvent): void {
  port.postMessage(event);
}

function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(bytes).digest();
}

function handleCommand(command: VoiceCommand): void {
  switch (command.kind) {
    case 'connect':
      session?.close();
      session = new VoiceSession({ ...command, mac: hmacSha256, receiver });
      return;
    case 'disconnect':
      session?.close();
      session = null;
      receiver.clear();
      return;
    case 'frameSamples':
      receiver.setFrameSamples(command.frameSamples);
      return;
    case 'volume':
      receiver.setVolume(command.token as SessionToken, command.volume);
      return;
    case 'forget':
      receiver.forget(command.token as SessionToken);
      return;
    case 'forgetAll':
      receiver.clear();
      return;
    case 'deafened':
      receiver.deafened = command.deafened;
      return;
  }
}

function handlePacket(): void {
  const timestamp = Math.round(slot.stampMs * SAMPLES_PER_MS) >>> 0;
  const last = (slot.kind & PACKET_LAST) !== 0;
  if ((slot.kind & PACKET_SELF_TEST) !== 0) {
    const payload = slot.bytes.subarray(0, slot.length);
    receiver.handleFrame(SELF_TEST_TOKEN, selfTestSequence, timestamp, last, payload, performance.now());
    selfTestSequence += 1;
    return;
  }
  session?.handleFrame(slot.bytes, slot.length, timestamp, last);
}

async function sendPackets(): Promise<never> {
  assert(slot.bytes.length >= MAX_OPUS_PACKET_BYTES, 'the packet ring holds every packet the encoder makes');
  for (;;) {
    const seen = Atomics.load(packets.indices, WRITE_INDEX);
    while (packets.pull(slot)) handlePacket();
    await counterMoved(packets.indices, WRITE_INDEX, seen);
  }
}

/** The device is the clock: what it asks for is mixed at the moment it asks, and nothing waits in the ring. */
async function fillPlayback(): Promise<never> {
  for (;;) {
    const seen = Atomics.load(playback.indices, WANT_INDEX);
    while (playback.requested() > 0) {
      receiver.mix(mix, MIX_SAMPLES, performance.now());
      playback.push(mix, MIX_SAMPLES);
    }
    await counterMoved(playback.indices, WANT_INDEX, seen);
  }
}

function reportMeters(): void {
  send({ kind: 'meters', outputDb: receiver.outputLevelDb, talkingTokens: receiver.talkingTokens() });
  const path = { alive: session?.pathAlive ?? false, pingMs: session?.pingMs ?? null };
  const text = JSON.stringify(path);
  if (text === pathReported) return;
  pathReported = text;
  send({ kind: 'path', ...path });
}

function reportCounters(): void {
  receiver.handleDeadline(performance.now());
  const groups: Record<string, Record<string, number>> = {
    receive: receiver.counters(),
    playback: { fillSamples: playback.readable(), underrunSamples: playback.underrunSamples },
    ...session?.counters(),
  };
  for (const [token, counters] of receiver.speakerCounters()) groups[`speaker.${token}`] = counters;
  send({ kind: 'counters', groups });
}

port.on('message', handleCommand);
setInterval(reportMeters, METER_INTERVAL_MS);
setInterval(reportCounters, COUNTERS_INTERVAL_MS);
void sendPackets();
void fillPlayback();
