import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../core/base/assert.ts';
import { PacketRing } from '../../core/ring/packet-ring.ts';
import { SampleRing, WRITE_INDEX } from '../../core/ring/sample-ring.ts';
import { levelDb } from '../../core/voice/level.ts';
import { TalkGate } from '../../core/voice/talk-gate.ts';
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
  SAMPLES_PER_MS,
} from './voice-protocol.ts';

/** Until a channel says otherwise: what the hear-yourself test sounds like outside of any room. */
const DEFAULT_BITRATE = 32_000;
const DEFAULT_FRAME_SAMPLES = 960;

/** More than this waiting in the capture ring is old news (a stalled machine): dropped, counted. 100 ms. */
const MAX_BACKLOG_SAMPLES = 4_800;

const LEVEL_INTERVAL_MS = 50;
const COUNTERS_INTERVAL_MS = 1_000;

assert(parentPort !== null, 'the encoder runs in a worker thread');
const port = parentPort;
preferThisThread();
const data = workerData as EncoderWorkerData;
const capture = new SampleRing(data.captureMemory);
const packets = new PacketRing(data.packetMemory);
const gate = new TalkGate();
const encoder = new VoiceEncoder(DEFAULT_BITRATE);

let frame = new Float32Array(DEFAULT_FRAME_SAMPLES);
let samplePosition = data.firstTimestamp;
let inRoom = false;
let selfTest = false;
let transmitting = false;
let loudestDb = -120;
let levelSentMs = 0;
const counters = { frames: 0, encoded: 0, staleSamples: 0, tooLong: 0, encodeMaxUs: 0, encodeMeanUs: 0 };

function send(event: EncoderEvent): void {
  port.postMessage(event);
}

function handleCommand(command: EncoderCommand): void {
  switch (command.kind) {
    case 'codec':
      encoder.setBitrate(command.bitrate);
      if (command.frameSamples !== frame.length) frame = new Float32Array(command.frameSamples);
      return;
    case 'activation':
      gate.mode = command.mode;
      gate.thresholdDb = command.thresholdDb;
      return;
    case 'pushToTalk':
      gate.pushToTalkHeld = command.held;
      return;
    case 'muted':
      gate.muted = command.muted;
      return;
    case 'inRoom':
      inRoom = command.inRoom;
      return;
    case 'selfTest':
      selfTest = command.on;
      return;
  }
}

function encodeFrame(kind: number): void {
  const startUs = performance.now() * 1_000;
  const packet = encoder.encode(frame);
  const tookUs = performance.now() * 1_000 - startUs;
  counters.encoded += 1;
  counters.encodeMaxUs = Math.max(counters.encodeMaxUs, tookUs);
  counters.encodeMeanUs += (tookUs - counters.encodeMeanUs) / Math.min(counters.encoded, 500);
  if (packet.length > MAX_OPUS_PACKET_BYTES) {
    counters.tooLong += 1;
    return;
  }
  packets.push(packet, packet.length, kind, samplePosition / SAMPLES_PER_MS);
}

function handleFrame(): void {
  capture.pull(frame, frame.length);
  counters.frames += 1;
  const db = levelDb(frame, frame.length);
  loudestDb = Math.max(loudestDb, db);
  const decision = gate.handleFrame(db, frame.length / SAMPLES_PER_MS);
  if (selfTest) encodeFrame(PACKET_SELF_TEST);
  else if (inRoom && decision !== 'hold') encodeFrame(decision === 'last' ? PACKET_LAST : 0);
  samplePosition = (samplePosition + frame.length) % 2 ** 32;
  report(performance.now());
}

function report(nowMs: number): void {
  const open = inRoom && !selfTest && gate.isOpen;
  if (open !== transmitting) {
    transmitting = open;
    send({ kind: 'transmitting', transmitting });
  }
  if (nowMs - levelSentMs < LEVEL_INTERVAL_MS) return;
  levelSentMs = nowMs;
  send({ kind: 'level', inputDb: loudestDb });
  loudestDb = -120;
}

function dropBacklog(): void {
  const surplus = capture.readable() - MAX_BACKLOG_SAMPLES;
  if (surplus <= 0) return;
  counters.staleSamples += capture.discard(surplus);
  samplePosition = (samplePosition + surplus) % 2 ** 32;
}

async function run(): Promise<never> {
  for (;;) {
    const seen = Atomics.load(capture.indices, WRITE_INDEX);
    dropBacklog();
    while (capture.readable() >= frame.length) handleFrame();
    await counterMoved(capture.indices, WRITE_INDEX, seen);
  }
}

port.on('message', handleCommand);
setInterval(() => {
  const overflowed = packets.overflowed;
  const captureOverrunSamples = capture.overrunSamples;
  const captureFillSamples = capture.readable();
  send({
    kind: 'counters',
    counters: { ...counters, overflowed, captureOverrunSamples, captureFillSamples },
  });
  counters.encodeMaxUs = 0;
}, COUNTERS_INTERVAL_MS);
void run();
