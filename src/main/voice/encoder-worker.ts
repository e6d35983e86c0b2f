import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../core/base/assert.ts';
import { ProcessingChain } from '../../core/processing/processing-chain.ts';
import { PacketRing } from '../../core/ring/packet-ring.ts';
import { SampleRing, WRITE_INDEX } from '../../core/ring/sample-ring.ts';
import { CHANNEL_TARGET } from '../../core/seal/key-ring.ts';
import { Microphone, SELF_TEST_TARGET } from '../../core/voice/microphone.ts';
import { MicrophonePath } from '../../core/voice/microphone-path.ts';
import { SAMPLES_PER_MS } from '../../core/voice/sample-rate.ts';
import { TapRing } from '../../core/voice/tap-ring.ts';
import { preferThisThread } from '../base/thread-priority.ts';
import { VoiceEncoder } from './opus.ts';
import { StageLoader } from './processing/stage-loader.ts';
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

const LEVEL_INTERVAL_MS = 50;
const COUNTERS_INTERVAL_MS = 1_000;

assert(parentPort !== null, 'the encoder runs in a worker thread');
const port = parentPort;
preferThisThread();
const data = workerData as EncoderWorkerData;
const capture = new SampleRing(data.captureMemory);
const reference = new SampleRing(data.referenceMemory);
const packets = new PacketRing(data.packetMemory);
const microphone = new Microphone(data.firstTimestamp);
const processing = new ProcessingChain(nowUs);
const stages = new StageLoader(processing);
const path = new MicrophonePath({ capture, reference, processing, microphone, nowUs });
const encoder = new VoiceEncoder(DEFAULT_BITRATE);
const out = { encodeFrame };

let sendingReported: number | null = null;
let levelSentMs = 0;
let levelSentDb = Number.NaN;
let taps: { readonly raw: TapRing; readonly processed: TapRing } | null = null;
const counters = { encoded: 0, encodedBytes: 0, forgotten: 0, tooLong: 0, encodeMaxUs: 0, encodeMeanUs: 0 };

function nowUs(): number {
  return performance.now() * 1_000;
}

function send(event: EncoderEvent): void {
  port.postMessage(event);
}

function handleCommand(command: EncoderCommand): void {
  const waiting = path.waitingSamples;
  switch (command.kind) {
    case 'close':
      process.exit();
      return;
    case 'codec':
      encoder.setBitrate(command.bitrate);
      microphone.setFrameSamples(command.frameSamples);
      return;
    case 'activation':
      microphone.gate.mode = command.mode;
      microphone.gate.thresholdDb = command.thresholdDb;
      return;
    case 'pushToTalk':
      microphone.setPushToTalk(command.held, waiting);
      return;
    case 'whisper':
      microphone.handleWhisper(command.whisper, waiting, out);
      return;
    case 'muted':
      microphone.setMuted(command.muted, waiting, out);
      return;
    case 'inRoom':
      microphone.setInRoom(command.inRoom, waiting, out);
      return;
    case 'selfTest':
      microphone.setSelfTest(command.on, waiting, out);
      return;
    case 'processing':
      stages.setSettings(command.settings);
      return;
    case 'talkTiming':
      microphone.setTalkTiming(command.releaseDelayMs, command.preRollMs);
      return;
    case 'taps':
      setTaps(command.memories);
      return;
    case 'reportEvery':
      clearInterval(reporting);
      reporting = setInterval(reportCounters, command.intervalMs);
      return;
  }
}

function setTaps(memories: { raw: SharedArrayBuffer; processed: SharedArrayBuffer } | null): void {
  taps = null;
  if (memories !== null) {
    const from = path.capturedSamples;
    taps = { raw: new TapRing(memories.raw, from), processed: new TapRing(memories.processed, from) };
    const nowMs = performance.timeOrigin + performance.now();
    taps.raw.open(nowMs);
    taps.processed.open(nowMs);
  }
  path.setTaps(taps);
}

function encodeFrame(
  samples: Float32Array,
  target: number,
  timestamp: number,
  last: boolean,
  forget: boolean,
): void {
  const startUs = nowUs();
  if (forget) {
    encoder.reset();
    counters.forgotten += 1;
  }
  const packet = encoder.encode(samples);
  const tookUs = nowUs() - startUs;
  counters.encoded += 1;
  counters.encodedBytes += packet.length;
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

function report(nowMs: number): void {
  const sendingTo = microphone.sendingTo;
  if (sendingTo !== sendingReported) {
    sendingReported = sendingTo;
    const transmitting = sendingTo !== null;
    send({ kind: 'transmitting', transmitting, whispering: transmitting && sendingTo !== CHANNEL_TARGET });
  }
  if (nowMs - levelSentMs < LEVEL_INTERVAL_MS) return;
  levelSentMs = nowMs;
  const inputDb = path.takeLoudestDb();
  if (inputDb !== levelSentDb) send({ kind: 'level', inputDb });
  levelSentDb = inputDb;
}

function reportCounters(): void {
  send({ kind: 'processing', stages: processing.reports() });
  send({
    kind: 'counters',
    counters: {
      ...microphone.counters(),
      ...counters,
      ...path.takeCounters(),
      overflowed: packets.overflowed,
      captureOverrunSamples: capture.overrunSamples,
      captureFillSamples: capture.readable(),
      referenceOverrunSamples: reference.overrunSamples,
      referenceFillSamples: reference.readable(),
      tapMissingSamples: (taps?.raw.missingSamples ?? 0) + (taps?.processed.missingSamples ?? 0),
    },
  });
  counters.encodeMaxUs = 0;
}

async function run(): Promise<never> {
  for (;;) {
    const seen = Atomics.load(capture.indices, WRITE_INDEX);
    path.drain(out);
    report(performance.now());
    await counterMoved(capture.indices, WRITE_INDEX, seen);
  }
}

port.on('message', handleCommand);
let reporting = setInterval(reportCounters, COUNTERS_INTERVAL_MS);
void run();
