import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WaveWriter } from '../base/wave-writer.ts';
import type { AudioFact } from './audio.ts';
import type { Side } from './audio-device.ts';
import { parseWave } from './wave-file.ts';

const missing = ['pulseaudio', 'pactl', 'paplay', 'parecord'].filter(
  (program) => spawnSync('which', [program]).status !== 0,
);

/** Longest wait for a state, in ms: a null sink takes up to 2 s to start, a loaded machine its time. */
const WAIT_MS = 12_000;

const root = join(import.meta.dirname, '..', '..', '..');

/**
 * Owns the audio worker in a process of its own, which a native library may take down, and plays back what it
 * hears. Facts go to stdout, a line each; commands come from stdin.
 */
const program = `
import { createInterface } from 'node:readline';
import { startAudio } from ${JSON.stringify(join(import.meta.dirname, 'audio.ts'))};
import { SampleRing, WRITE_INDEX } from ${JSON.stringify(join(root, 'src/core/ring/sample-ring.ts'))};
const captureMemory = SampleRing.allocate(16384);
const playbackMemory = SampleRing.allocate(16384);
const capture = new SampleRing(captureMemory);
const playback = new SampleRing(playbackMemory);
const audio = startAudio({
  workerPath: ${JSON.stringify(join(import.meta.dirname, 'audio-worker.ts'))},
  resourcesPath: ${JSON.stringify(join(root, 'resources'))},
  captureMemory, playbackMemory, inputId: 'pulse:virtmic', outputId: 'pulse:spk', environment: process.env,
  onFact: (fact) => console.log('FACT ' + JSON.stringify(fact)),
});
createInterface({ input: process.stdin }).on('line', async (line) => {
  const [command, side, id] = line.split(' ');
  if (command === 'select') audio.select(side, id ?? '');
  if (command === 'refresh') audio.refresh();
  if (command === 'close') { await audio.close(); process.exit(0); }
});
const block = new Float32Array(480);
for (;;) {
  const seen = Atomics.load(capture.indices, WRITE_INDEX);
  while (capture.readable() > 0) {
    const count = Math.min(block.length, capture.readable());
    capture.pull(block, count);
    if (playback.readable() < 4800) playback.push(block, count);
  }
  const waiting = Atomics.waitAsync(capture.indices, WRITE_INDEX, seen);
  if (waiting.async) await waiting.value;
}
`;

/** A sound server of the test's own, with one microphone to speak into and two speakers. */
class SoundServer {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  #process: ChildProcess | null = null;

  constructor(folder: string) {
    this.folder = folder;
    const runtime = join(folder, 'runtime');
    mkdirSync(runtime, { mode: 0o700 });
    this.env = { ...process.env, XDG_RUNTIME_DIR: runtime, XDG_CONFIG_HOME: join(folder, 'config') };
    for (const name of ['PULSE_SERVER', 'PULSE_SINK', 'PULSE_SOURCE', 'ALSA_CONFIG_PATH'])
      delete this.env[name];
  }

  async start(): Promise<void> {
    const loads = [
      'module-native-protocol-unix',
      'module-null-sink sink_name=mic rate=48000 channels=1',
      'module-null-sink sink_name=other rate=48000 channels=2',
      'module-null-sink sink_name=spk rate=48000 channels=2 sink_properties=device.description=Loudspeaker',
      'module-remap-source master=mic.monitor source_name=virtmic source_properties=device.description=Headset',
    ];
    const args = ['-n', '--daemonize=no', '--exit-idle-time=-1', ...loads.map((load) => `--load=${load}`)];
    this.#process = spawn('pulseaudio', args, { env: this.env, stdio: 'ignore' });
    await until(() => spawnSync('pactl', ['info'], { env: this.env }).status === 0);
  }

  async kill(): Promise<void> {
    const server = this.#process;
    this.#process = null;
    if (server === null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGKILL');
    await ended;
  }

  /** Unplugs what a module made; plug it in again with `load`. */
  unload(part: string): void {
    const modules = execFileSync('pactl', ['list', 'short', 'modules'], { env: this.env, encoding: 'utf8' });
    const index = modules
      .split('\n')
      .find((line) => line.includes(part))
      ?.split('\t')[0];
    execFileSync('pactl', ['unload-module', index ?? ''], { env: this.env });
  }

  load(module: string): void {
    execFileSync('pactl', ['load-module', ...module.split(' ')], { env: this.env });
  }
}

async function until(condition: () => boolean, limitMs = WAIT_MS): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms: ${String(condition)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Level of `samples` at 1 kHz, and of everything, as RMS (Goertzel). */
function toneShare(samples: Float32Array): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * 1_000) / 48_000);
  let before = 0;
  let last = 0;
  let energy = 0;
  for (const sample of samples) {
    const next = sample + coefficient * last - before;
    before = last;
    last = next;
    energy += sample * sample;
  }
  const power = before * before + last * last - coefficient * before * last;
  return energy === 0 ? 0 : (2 * power) / (samples.length * energy);
}

describe.runIf(missing.length === 0).each(['pulse', 'naudiodon', 'decibri'])(
  'the audio worker on a real sound server, %s',
  (backend) => {
    let folder = '';
    let server: SoundServer;
    let child: ChildProcess;
    let exited = false;
    let facts: AudioFact[] = [];

    function status(side: Side): { status: string; reason: string } {
      const fact = facts.findLast((candidate) => candidate.kind === 'status' && candidate.side === side);
      return fact?.kind === 'status' ? fact : { status: 'none', reason: '' };
    }

    const runs = (): boolean => status('input').status === 'running' && status('output').status === 'running';

    function counter(name: string): number {
      const fact = facts.findLast((candidate) => candidate.kind === 'counters');
      return fact?.kind === 'counters' ? (fact.counters[name] ?? -1) : -1;
    }

    function start(): void {
      const path = join(folder, 'program.mjs');
      writeFileSync(path, program);
      facts = [];
      exited = false;
      const env = { ...server.env, SIDETONE_AUDIO_BACKEND: backend };
      child = spawn(process.execPath, [path], { env, stdio: ['pipe', 'pipe', 'ignore'] });
      child.once('exit', () => {
        exited = true;
      });
      const lines = createInterface({ input: child.stdout ?? process.stdin });
      lines.on('line', (line) => {
        if (line.startsWith('FACT ')) facts.push(JSON.parse(line.slice(5)));
      });
    }

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'sidetone-audio-'));
      server = new SoundServer(folder);
      await server.start();
      start();
    });

    afterAll(async () => {
      child.kill('SIGKILL');
      await server.kill();
      rmSync(folder, { recursive: true, force: true });
    });

    beforeEach(async () => {
      await until(runs);
    });

    it('lists microphones and speakers by name, without monitors', () => {
      const fact = facts.findLast((candidate) => candidate.kind === 'devices');
      expect(fact).toMatchObject({ inputs: [{ id: 'pulse:virtmic', name: 'Headset' }] });
      expect(fact?.kind === 'devices' && fact.outputs.find((device) => device.id === 'pulse:spk')?.name).toBe(
        'Loudspeaker',
      );
    });

    it('carries a tone from the microphone to the speaker', async () => {
      const tonePath = join(folder, 'tone.wav');
      const recordPath = join(folder, 'heard.wav');
      const writer = new WaveWriter(tonePath, 9_600);
      const tone = Float32Array.from(
        { length: 4 * 48_000 },
        (_, i) => 0.5 * Math.sin((2 * Math.PI * i) / 48),
      );
      writer.append(tone, tone.length);
      writer.close();
      const recordArgs = [
        '--device=spk.monitor',
        '--latency-msec=10',
        '--rate=48000',
        '--channels=1',
        recordPath,
      ];
      const recorder = spawn('parecord', recordArgs, { env: server.env });
      const player = spawn('paplay', ['--device=mic', tonePath], { env: server.env });
      await new Promise((resolve) => player.once('exit', resolve));
      const recorded = new Promise((resolve) => recorder.once('exit', resolve));
      recorder.kill('SIGTERM');
      await recorded;
      const heard = parseWave(readFileSync(recordPath));
      expect(heard.ok).toBe(true);
      if (!heard.ok) return;
      // The best second of what was heard: the start and the end are silent.
      let best = 0;
      for (let at = 0; at + 48_000 <= heard.samples.length; at += 4_800) {
        best = Math.max(best, toneShare(heard.samples.subarray(at, at + 48_000)));
      }
      expect(best).toBeGreaterThan(0.8);
    });

    it('uses the default while the chosen speaker is unplugged, says so, and returns to it', async () => {
      server.unload('sink_name=spk');
      await until(
        () => status('output').status === 'lost' && status('output').reason.includes('default is used'),
      );
      expect(status('output').reason).toContain('“Loudspeaker” is gone');
      expect(status('input').status).toBe('running');
      const pulled = counter('outputBlocks');
      await until(() => counter('outputBlocks') > pulled + 50);
      server.load(
        'module-null-sink sink_name=spk rate=48000 channels=2 sink_properties=device.description=Loudspeaker',
      );
      await until(runs);
    });

    it('takes the only microphone up again after it was unplugged', async () => {
      server.unload('source_name=virtmic');
      await until(() => status('input').status === 'lost');
      expect(status('output').status).toBe('running');
      server.load('module-remap-source master=mic.monitor source_name=virtmic');
      await until(runs);
      const captured = counter('inputBlocks');
      await until(() => counter('inputBlocks') > captured + 50);
    });

    it('survives the death of the sound server, goes on when it is back, and still ends when told', async () => {
      await server.kill();
      await until(() => status('input').status === 'lost' && status('output').status === 'lost');
      await server.start();
      await until(runs);
      const captured = counter('inputBlocks');
      const pulled = counter('outputBlocks');
      await until(() => counter('inputBlocks') > captured + 50 && counter('outputBlocks') > pulled + 50);
      child.stdin?.write('close\n');
      await until(() => exited, 5_000);
    });
  },
);

/**
 * Plays numbers and finds them again in what it hears over a cable from the speaker to the microphone: how long each
 * took, from when the speaker took it until the microphone gave it, against what the devices say.
 */
const measuringProgram = `
import { startAudio } from ${JSON.stringify(join(import.meta.dirname, 'audio.ts'))};
import { SampleRing, WANT_INDEX, WRITE_INDEX } from ${JSON.stringify(join(root, 'src/core/ring/sample-ring.ts'))};
import { preferThisThread } from ${JSON.stringify(join(root, 'src/main/base/thread-priority.ts'))};
preferThisThread();
const captureMemory = SampleRing.allocate(16384);
const playbackMemory = SampleRing.allocate(16384);
const capture = new SampleRing(captureMemory);
const playback = new SampleRing(playbackMemory);
const takenMs = new Float64Array(2 ** 23);
const UNIT = 2 ** -24;
let delays = [];
startAudio({
  workerPath: ${JSON.stringify(join(import.meta.dirname, 'audio-worker.ts'))},
  resourcesPath: ${JSON.stringify(join(root, 'resources'))},
  captureMemory, playbackMemory, inputId: 'pulse:cable_end', outputId: 'pulse:cable', environment: process.env,
  onFact: () => undefined,
  onLatency: ({ input, output }) => {
    if (input !== null && output !== null) {
      delays.sort((a, b) => a - b);
      const measuredMs = delays[delays.length >> 1] ?? -1;
      console.log('FACT ' + JSON.stringify({ measuredMs, input, output }));
      delays = [];
    }
  },
});
const block = new Float32Array(4096);
let next = 1;
void (async () => {
  for (;;) {
    const seen = Atomics.load(playback.indices, WANT_INDEX);
    const count = playback.requested();
    const nowMs = performance.now();
    for (let i = 0; i < count; i++, next++) {
      block[i] = next * UNIT;
      takenMs[next] = nowMs;
    }
    playback.push(block, count);
    const waiting = Atomics.waitAsync(playback.indices, WANT_INDEX, seen);
    if (waiting.async) await waiting.value;
  }
})();
for (;;) {
  const seen = Atomics.load(capture.indices, WRITE_INDEX);
  const count = capture.pull(block, Math.min(block.length, capture.readable()));
  const nowMs = performance.now();
  for (let i = 0; i < count; i++) if (block[i] > 0) delays.push(nowMs - takenMs[Math.round(block[i] / UNIT)]);
  const waiting = Atomics.waitAsync(capture.indices, WRITE_INDEX, seen);
  if (waiting.async) await waiting.value;
}
`;

interface Measured {
  readonly measuredMs: number;
  readonly input: { deviceMs: number; bufferMs: number };
  readonly output: { deviceMs: number; bufferMs: number };
}

/** Largest difference between what the devices say and what a round trip takes, in ms: half a piece of either side. */
const LATENCY_TOLERANCE_MS = 5;

/** Seconds in a row that must agree. On a busy machine buffers grow meanwhile, and the mean of what is said lags. */
const AGREEING_SECONDS = 3;

function agrees({ input, output, measuredMs }: Measured): boolean {
  const reportedMs = input.deviceMs + input.bufferMs + output.deviceMs + output.bufferMs;
  return output.bufferMs > 0 && Math.abs(reportedMs - measuredMs) < LATENCY_TOLERANCE_MS;
}

describe.runIf(missing.length === 0)('the reported delay', () => {
  it('is that of a round trip over a cable', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sidetone-latency-'));
    const server = new SoundServer(folder);
    await server.start();
    server.load('module-null-sink sink_name=cable rate=48000 channels=1 format=float32le');
    server.load('module-remap-source master=cable.monitor source_name=cable_end');
    const path = join(folder, 'measure.mjs');
    writeFileSync(path, measuringProgram);
    const env = { ...server.env, SIDETONE_AUDIO_BACKEND: 'pulse' };
    const child = spawn(process.execPath, [path], { env, stdio: ['ignore', 'pipe', 'ignore'] });
    const facts: Measured[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('FACT ')) facts.push(JSON.parse(line.slice(5)));
    });
    try {
      await until(
        () => facts.length >= AGREEING_SECONDS && facts.slice(-AGREEING_SECONDS).every(agrees),
        25_000,
      );
    } finally {
      child.kill('SIGKILL');
      await server.kill();
      rmSync(folder, { recursive: true, force: true });
    }
    expect(facts.slice(-AGREEING_SECONDS).every(agrees)).toBe(true);
  });
});

describe.runIf(missing.length === 0)('the environment of these tests', () => {
  it('has what PortAudio needs of ALSA to reach a sound server', () => {
    expect(existsSync(join(root, 'resources', 'alsa-pulse.conf'))).toBe(true);
  });
});

if (missing.length > 0) {
  it(`DID NOT RUN: the audio worker on a real sound server needs ${missing.join(', ')}`, (context) => {
    context.skip();
  });
}
