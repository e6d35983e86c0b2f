import { join } from 'node:path';
import { SampleRing, WRITE_INDEX } from '../../src/core/ring/sample-ring.ts';
import { startAudio } from '../../src/main/audio/audio.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Capacity of the rings, in samples: far more than is ever in them. */
const RING_SAMPLES = 4_096;

/** Most that may wait for the speaker, in samples: 10 ms, two of its blocks. */
const MAX_WAITING_SAMPLES = 480;

/**
 * Copies the default microphone to the default speaker through the program's own audio thread, and nothing else:
 * no encoder, no network, no jitter buffer. What it takes is the sound system's share of any delay.
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
});
process.once('SIGTERM', () => void audio.close().then(() => process.exit(0)));

const samples = new Float32Array(RING_SAMPLES);
for (;;) {
  const seen = Atomics.load(capture.indices, WRITE_INDEX);
  const count = capture.pull(samples, capture.readable());
  // What gathers while one side is not running yet would stay as delay for ever: only the newest is kept.
  const room = Math.max(0, MAX_WAITING_SAMPLES - playback.readable());
  playback.push(samples.subarray(Math.max(0, count - room), count), Math.min(count, room));
  const wait = Atomics.waitAsync(capture.indices, WRITE_INDEX, seen, 1_000);
  if (wait.async) await wait.value;
}
