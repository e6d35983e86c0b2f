import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { AppClient } from '../../e2e/rig/app-client.ts';
import { AppProcess, BROWSER_SHELL } from '../../e2e/rig/app-process.ts';
import { waitFor } from '../../e2e/rig/child.ts';
import { watchLoad } from '../../e2e/rig/machine-load.ts';
import { PulseServer } from '../../e2e/rig/pulse.ts';
import { RelayProcess } from '../../e2e/rig/relay/relay-process.ts';
import { makeSpeech } from '../../e2e/rig/speech.ts';
import { Teardown } from '../../e2e/rig/teardown.ts';
import { VoiceEncoder } from '../../src/main/voice/opus.ts';
import { POLL_MS } from '../../src/renderer/features/diagnostics/diagnostics-feed.ts';
import { createReport, publish, type Row } from '../report.ts';
import { processSeconds, threadTimes } from './processor-time.ts';
import type { SpeakersCommand, SpeakersData, SpeakersEvent } from './speakers-protocol.ts';

const NAME = 'bench:client';
const OUTPUT_FOLDER = join(import.meta.dirname, '../../.test-output/client');

const SPEAKERS = 20;
const BITRATE = 32_000;
const FRAME_SAMPLES = 960;
const SPEECH_SECONDS = 20;

/** A state is watched this long, in ms; what has just changed comes to rest before. */
const WATCHED_MS = 20_000;
const RESTING_MS = 5_000;

/** The overlay is opened and closed so many times. */
const OVERLAY_TURNS = 3;

interface Client {
  readonly app: AppProcess;
  readonly client: AppClient;
}

async function encodeSpeech(folder: string): Promise<Uint8Array[]> {
  const speech = await makeSpeech(folder, SPEECH_SECONDS);
  const encoder = new VoiceEncoder(BITRATE);
  const packets: Uint8Array[] = [];
  for (let at = 0; at + FRAME_SAMPLES <= speech.length; at += FRAME_SAMPLES)
    packets.push(Uint8Array.from(encoder.encode(speech.subarray(at, at + FRAME_SAMPLES))));
  return packets;
}

async function startSpeakers(teardown: Teardown, data: SpeakersData): Promise<Worker> {
  const worker = new Worker(join(import.meta.dirname, 'speakers-thread.ts'), { workerData: data });
  teardown.defer('the speakers', async () => void (await worker.terminate()));
  await new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.on('message', (event: SpeakersEvent) => {
      if (event.kind === 'ready') resolve();
      else reject(new Error(event.sentence));
    });
  });
  return worker;
}

async function startClient(teardown: Teardown, folder: string, relay: RelayProcess): Promise<Client> {
  const pulse = await PulseServer.start(folder, join(OUTPUT_FOLDER, 'pulseaudio.log'));
  teardown.defer('PulseAudio', () => pulse.stop());
  const dataFolder = join(folder, 'data');
  mkdirSync(dataFolder);
  const app = await AppProcess.start({
    dataFolder,
    env: pulse.deviceEnv('a'),
    logPath: join(OUTPUT_FOLDER, 'client.log'),
  });
  teardown.defer('Sidetone', async () => void (await app.stop()));
  const client = await AppClient.connect(app.address);
  teardown.defer('the connection', () => client.close());
  await client.done('setActivation', { activation: 'pushToTalk' });
  await client.done('join', { target: `127.0.0.1:${relay.port}`, nickname: 'Listener', password: null });
  await waitFor('the voice path', 20_000, async () => {
    const { connection } = await client.send('getState', null);
    return connection.phase === 'connected' && connection.voicePath ? true : null;
  });
  return { app, client };
}

/** Share of one core that the client used while `during` went on, with its busiest threads. */
async function watch({ app, client }: Client, check: string, during: () => Promise<void>): Promise<Row> {
  await sleep(RESTING_MS);
  const before = new Map(threadTimes(app.pid).map(({ id, seconds }) => [id, seconds]));
  const hotkeyPid = app.hotkeyPid();
  const secondsOf = (): number =>
    processSeconds(app.pid) + (hotkeyPid === null ? 0 : processSeconds(hotkeyPid));
  const loadSince = watchLoad();
  const [fromSeconds, fromMs] = [secondsOf(), performance.now()];
  await during();
  const tookSeconds = (performance.now() - fromMs) / 1_000;
  const usedSeconds = secondsOf() - fromSeconds;
  const threads = threadTimes(app.pid)
    .map(({ id, name, seconds }) => ({ name, used: seconds - (before.get(id) ?? 0) }))
    .sort((a, b) => b.used - a.used)
    .slice(0, 5)
    .map(({ name, used }) => `${name} ${((used * 100) / tookSeconds).toFixed(1)}`);
  const stats = await client.send('getStats', null);
  return {
    check,
    percentOfOneCore: (usedSeconds * 100) / tookSeconds,
    voices: stats['receive']?.['speakers'] ?? null,
    busiestThreads: threads.join(', '),
    ...loadSince(),
  };
}

async function pollOverlay(client: AppClient): Promise<void> {
  const endMs = performance.now() + WATCHED_MS;
  while (performance.now() < endMs) {
    await client.send('getDiagnostics', null);
    await sleep(POLL_MS);
  }
}

async function measure(teardown: Teardown): Promise<{ rows: Row[]; values: Record<string, number | null> }> {
  rmSync(OUTPUT_FOLDER, { recursive: true, force: true });
  mkdirSync(OUTPUT_FOLDER, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'sidetone-client-'));
  teardown.defer('the temporary folder', () =>
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }),
  );
  const relayFolder = join(folder, 'relay');
  mkdirSync(relayFolder);
  const relay = await RelayProcess.start({ folder: relayFolder, port: 0, roomName: 'Crowd' });
  teardown.defer('the relay', () => relay.stop());
  const listener = await startClient(teardown, folder, relay);
  const { client } = listener;
  const rest = (): Promise<void> => sleep(WATCHED_MS);

  const nobody = await watch(listener, 'listens to nobody', rest);
  await client.done('setActivation', { activation: 'voiceActivity' });
  const activity = await watch(listener, 'listens to nobody, voice activity waits for a voice', rest);
  await client.done('setActivation', { activation: 'pushToTalk' });

  const { port, certificateSha256 } = relay;
  const packets = await encodeSpeech(folder);
  const speakers = await startSpeakers(teardown, { port, certificateSha256, count: SPEAKERS, packets });
  const talk: SpeakersCommand = { kind: 'talk', talking: true };
  speakers.postMessage(talk);
  const rows = [nobody, activity];
  const [without, open]: [Row[], Row[]] = [[], []];
  // In turns: what the machine does over minutes must not fall on one of the two.
  for (let turn = 1; turn <= OVERLAY_TURNS; turn += 1) {
    without.push(await watch(listener, `listens to ${SPEAKERS} at once`, rest));
    open.push(await watch(listener, 'the same, F3 open', () => pollOverlay(client)));
  }
  const percent = (row: Row): number => Number(row['percentOfOneCore']);
  const mean = (of: readonly Row[]): number => of.reduce((sum, row) => sum + percent(row), 0) / of.length;
  // A client that hears fewer works less.
  const heard = [...without, ...open].every((row) => row['voices'] === SPEAKERS);
  return {
    rows: [...rows, ...without, ...open],
    values: {
      nobodyPercent: percent(nobody),
      twentySpeakersPercent: heard ? mean(without) : null,
      overlayPercent: heard ? mean(open) - mean(without) : null,
    },
  };
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
  if (!existsSync(BROWSER_SHELL)) throw new Error('the program is not built: npm run build');
  const teardown = new Teardown();
  try {
    const { rows, values } = await measure(teardown);
    publish(createReport(NAME, rows, values), { json: options.json });
  } finally {
    await teardown.run();
  }
}

await main();
