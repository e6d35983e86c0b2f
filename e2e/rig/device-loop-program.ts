import { join } from 'node:path';
import { SampleRing, WANT_INDEX } from '../../src/core/ring/sample-ring.ts';
import { startAudio } from '../../src/main/audio/audio.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Capacity of the rings, in samples: far more than is ever in them. */
const RING_SAMPLES = 4_096;

/** Most that may wait for the speaker, in samples: 20 ms, the longest piece that comes or goes at a time. */
const MAX_WAITING_SAMPLES = 960;

/**
 * Copies the default microphone to the default speaker through the program's own audio thread, and nothing else:
 * no encoder, no network, no jitter buffer. What it takes is the sound system's share of any delay.
 *
 * Like the mixer it answers at once when the speaker asks, with silence where nothing has come yet: so much waits
 * in the end as the pieces of both devices need.
 */
const captureMemory = SampleRing.allocate(RING_SAMPLES);
const playbackMemory = SampleRing.allocate(RING_SAMPLES);
const capture = new SampleRing(captureMemory);
const playback = new SampleRing(playbackMemory);
const audio = startAudio({
  workerPath: join(ROOT, 'out/main/audio-worker.js'),
  resourcesPath: join(ROOT, 'resources'),
  captureMemory,
  playbackMemory,
  inputId: '',
  outputId: '',
  environment: process.env,
  onFact: (fact) => {
    process.stderr.write(`${JSON.stringify(fact)}\n`);
  },
  onBuffer: (buffer) => {
    process.stderr.write(`${JSON.stringify(buffer)}\n`);
  },
});
process.once('SIGTERM', () => void audio.close().then(() => process.exit(0)));

const samples = new Float32Array(RING_SAMPLES);
for (;;) {
  const seen = Atomics.load(playback.indices, WANT_INDEX);
  const count = playback.requested();
  // What gathers while one side is not running yet would stay as delay for ever: only the newest is kept.
  capture.discard(Math.max(0, capture.readable() - MAX_WAITING_SAMPLES));
  capture.pull(samples, count);
  playback.push(samples, count);
  const wait = Atomics.waitAsync(playback.indices, WANT_INDEX, seen, 1_000);
  if (wait.async) await wait.value;
}
