import { createHmac } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../core/base/assert.ts';
import { PacketRing } from '../../core/ring/packet-ring.ts';
import { SampleRing, WANT_INDEX, WRITE_INDEX } from '../../core/ring/sample-ring.ts';
import { preferThisThread } from '../base/thread-priority.ts';
import { DurationMeter } from './duration-meter.ts';
import { VoiceDecoder } from './opus.ts';
import { counterMoved } from './ring-wait.ts';
import { PlaybackTaps } from './tap-playback.ts';
import { UdpTransport } from './udp-transport.ts';
import {
  MAX_OPUS_PACKET_BYTES,
  SEQUENCES_PER_THREAD,
  type VoiceCommand,
  type VoiceEvent,
  type VoiceWorkerData,
} from './voice-protocol.ts';
import { VoiceSession } from './voice-session.ts';

/** Mixed at a time: 5 ms, what divides the blocks of all devices. */
const MIX_SAMPLES = 240;

const METER_INTERVAL_MS = 50;
/** How often counters are reported unless somebody looks at them. */
const COUNTERS_INTERVAL_MS = 1_000;
const DEADLINE_INTERVAL_MS = 1_000;

assert(parentPort !== null, 'the voice worker is a worker thread');
const port = parentPort;
preferThisThread();
const data = workerData as VoiceWorkerData;
const packets = new PacketRing(data.packetMemory);
const playback = new SampleRing(data.playbackMemory);
const slot = packets.createSlot();
const mix = new Float32Array(MIX_SAMPLES);
const decodeTimes = new DurationMeter();
const mixTimes = new DurationMeter();
const session = new VoiceSession({
  startSequence: data.threadsBefore * SEQUENCES_PER_THREAD,
  createDecoder: () => new VoiceDecoder(decodeTimes),
  onDidStir: () => playback.setQuiet(false),
  mac: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
  openTransport: (address, udpPort, onDatagram) => new UdpTransport(address, udpPort, onDatagram),
  emit: send,
});

const taps = new PlaybackTaps({
  playback,
  setTap: (tap) => session.receiver.setTap(tap),
  emit: send,
});

function send(event: VoiceEvent): void {
  port.postMessage(event);
}

async function sendPackets(): Promise<never> {
  assert(slot.bytes.length >= MAX_OPUS_PACKET_BYTES, 'the packet ring holds every packet the encoder makes');
  for (;;) {
    const seen = Atomics.load(packets.indices, WRITE_INDEX);
    while (packets.pull(slot)) session.handlePacket(slot, performance.now());
    await counterMoved(packets.indices, WRITE_INDEX, seen);
  }
}

/** The device is the clock: what it asks for is mixed at the moment it asks, and nothing waits in the ring. */
async function fillPlayback(): Promise<never> {
  for (;;) {
    const seen = Atomics.load(playback.indices, WANT_INDEX);
    while (playback.requested() > 0) {
      const startMs = performance.now();
      taps.beforeMix(MIX_SAMPLES, startMs);
      session.receiver.mix(mix, MIX_SAMPLES, startMs);
      mixTimes.end(startMs);
      playback.push(mix, MIX_SAMPLES);
    }
    // A recording wants each block of silence, too.
    playback.setQuiet(session.receiver.quiet && !taps.recording);
    await counterMoved(playback.indices, WANT_INDEX, seen);
  }
}

function reportCounters(): void {
  const groups = {
    ...session.counters(),
    playback: { fillSamples: playback.readable(), underrunSamples: playback.underrunSamples },
    taps: taps.counters(),
    times: {
      mixMeanUs: mixTimes.meanUs,
      mixMaxUs: mixTimes.takeMaxUs(),
      decodeMeanUs: decodeTimes.meanUs,
      decodeMaxUs: decodeTimes.takeMaxUs(),
    },
  };
  send({ kind: 'counters', groups });
}

let reporting = setInterval(reportCounters, COUNTERS_INTERVAL_MS);

port.on('message', (command: VoiceCommand) => {
  const nowMs = performance.now();
  switch (command.kind) {
    case 'close':
      process.exit();
      return;
    case 'reportEvery':
      clearInterval(reporting);
      reporting = setInterval(reportCounters, command.intervalMs);
      return;
    case 'taps':
      playback.setQuiet(false);
      taps.record(command.mixMemory, performance.timeOrigin + nowMs, nowMs);
      return;
    default:
      session.handleCommand(command, nowMs);
  }
});
setInterval(() => session.handleDeadline(performance.now()), DEADLINE_INTERVAL_MS);
setInterval(() => session.reportMeters(performance.now()), METER_INTERVAL_MS);
void sendPackets();
void fillPlayback();
