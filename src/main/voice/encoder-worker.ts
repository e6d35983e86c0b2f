import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../core/base/assert.ts';
import { PacketRing } from '../../core/ring/packet-ring.ts';
import { SampleRing, WRITE_INDEX } from '../../core/ring/sample-ring.ts';
import { CHANNEL_TARGET } from '../../core/seal/key-ring.ts';
import { SILENCE_DB } from '../../core/voice/level.ts';
import { Microphone, SELF_TEST_TARGET } from '../../core/voice/microphone.ts';
import { SAMPLES_PER_MS } from '../../core/voice/sample-rate.ts';
import { preferThisThread } from '../base/thread-priority.ts';
import { VoiceEncoder } from './opus.ts';
import { counterMoved } from './ring-wait.ts';
import {
  type EncoderCommand,
  type EncoderEvent,
  type EncoderWorkerData,
  MAX_OPUS_PACKET_BYTES,
  PACKET_LAST,
  PACKET_SELF_TEST,
  packetKind,
} from './voice-protocol.ts';

/** Until a channel says otherwise: what the hear-yourself test sounds like outside of any room. */
const DEFAULT_BITRATE = 32_000;

/** More than this waiting in the capture ring is old news (a stalled machine): dropped, counted. 100 ms. */
const MAX_BACKLOG_SAMPLES = 4_800;

/** Longest frame a channel may ask for: 60 ms. */
const MAX_FRAME_SAMPLES = 2_880;

const LEVEL_INTERVAL_MS = 50;
const COUNTERS_INTERVAL_MS = 1_000;

assert(parentPort !== null, 'the encoder runs in a worker thread');
const port = parentPort;
preferThisThread();
const data = workerData as EncoderWorkerData;
const capture = new SampleRing(data.captureMemory);
const packets = new PacketRing(data.packetMemory);
const microphone = new Microphone(data.firstTimestamp);
const encoder = new VoiceEncoder(DEFAULT_BITRATE);
const captured = new Float32Array(MAX_FRAME_SAMPLES);
const out = { encodeFrame };

let sendingReported: number | null = null;
let loudestDb = SILENCE_DB;
let levelSentMs = 0;
const counters = { encoded: 0, forgotten: 0, staleSamples: 0, tooLong: 0, encodeMaxUs: 0, encodeMeanUs: 0 };

function send(event: EncoderEvent): void {
  port.postMessage(event);
}

function handleCommand(command: EncoderCommand): void {
  switch (command.kind) {
    case 'codec':
      encoder.setBitrate(command.bitrate);
      microphone.setFrameSamples(command.frameSamples);
      return;
    case 'activation':
      microphone.gate.mode = command.mode;
      microphone.gate.thresholdDb = command.thresholdDb;
      return;
    case 'pushToTalk':
      microphone.gate.pushToTalkHeld = command.held;
      return;
    case 'whisper':
      microphone.handleWhisper(command.whisper, capture.readable(), out);
      // The target before gets its last samples now, and not when the next block has been captured.
      drain();
      return;
    case 'muted':
      microphone.gate.muted = command.muted;
      return;
    case 'inRoom':
      microphone.setInRoom(command.inRoom);
      return;
    case 'selfTest':
      microphone.setSelfTest(command.on, out);
      return;
  }
}

function encodeFrame(
  samples: Float32Array,
  target: number,
  timestamp: number,
  last: boolean,
  forget: boolean,
): void {
  const startUs = performance.now() * 1_000;
  if (forget) {
    encoder.reset();
    counters.forgotten += 1;
  }
  const packet = encoder.encode(samples);
  const tookUs = performance.now() * 1_000 - startUs;
  counters.encoded += 1;
  counters.encodeMaxUs = Math.max(counters.encodeMaxUs, tookUs);
  counters.encodeMeanUs += (tookUs - counters.encodeMeanUs) / Math.min(counters.encoded, 500);
  if (packet.length > MAX_OPUS_PACKET_BYTES) {
    counters.tooLong += 1;
    return;
  }
  const flags = last ? PACKET_LAST : 0;
  const kind =
    target === SELF_TEST_TARGET ? packetKind(PACKET_SELF_TEST, CHANNEL_TARGET) : packetKind(flags, target);
  packets.push(packet, packet.length, kind, timestamp / SAMPLES_PER_MS);
}

function drain(): void {
  dropBacklog();
  for (let count = microphone.nextSamples(); capture.readable() >= count; count = microphone.nextSamples()) {
    capture.pull(captured, count);
    microphone.handleSamples(captured, count, out);
    loudestDb = Math.max(loudestDb, microphone.levelDb);
  }
  report(performance.now());
}

function report(nowMs: number): void {
  const sendingTo = microphone.sendingTo;
  if (sendingTo !== sendingReported) {
    sendingReported = sendingTo;
    const transmitting = sendingTo !== null;
    send({ kind: 'transmitting', transmitting, whispering: transmitting && sendingTo !== CHANNEL_TARGET });
  }
  if (nowMs - levelSentMs < LEVEL_INTERVAL_MS) return;
  levelSentMs = nowMs;
  send({ kind: 'level', inputDb: loudestDb });
  loudestDb = SILENCE_DB;
}

function dropBacklog(): void {
  const surplus = capture.readable() - MAX_BACKLOG_SAMPLES;
  if (surplus <= 0) return;
  const dropped = capture.discard(surplus);
  counters.staleSamples += dropped;
  microphone.handleGap(dropped, out);
}

async function run(): Promise<never> {
  for (;;) {
    const seen = Atomics.load(capture.indices, WRITE_INDEX);
    drain();
    await counterMoved(capture.indices, WRITE_INDEX, seen);
  }
}

port.on('message', handleCommand);
setInterval(() => {
  send({
    kind: 'counters',
    counters: {
      ...microphone.counters(),
      ...counters,
      overflowed: packets.overflowed,
      captureOverrunSamples: capture.overrunSamples,
      captureFillSamples: capture.readable(),
    },
  });
  counters.encodeMaxUs = 0;
}, COUNTERS_INTERVAL_MS);
void run();
