import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createReport, publish, type Row } from '../../bench/report.ts';
import type { Stats } from '../../src/contract/dto.ts';
import { createRng } from '../../src/core/base/rng.ts';
import { AppClient } from '../rig/app-client.ts';
import { AppProcess, BROWSER_SHELL } from '../rig/app-process.ts';
import { waitFor } from '../rig/child.ts';
import { freePort } from '../rig/free-port.ts';
import { Teardown } from '../rig/teardown.ts';
import { babble } from '../sound/signals.ts';
import { writeWavFile } from '../sound/wav.ts';
import { type Sample, trendOf } from './trend.ts';

const NAME = 'e2e:soak';
const OUTPUT_FOLDER = join(import.meta.dirname, '../../.test-output/e2e-soak');

/** Longest soak, in minutes: a working day. */
const MAX_MINUTES = 600;

const SAMPLE_EVERY_MS = 1_000;

/** Code is compiled and caches fill in the beginning: this part of the run, in ms, is not judged. */
const WARM_UP_MS = 30_000;

const SECONDS_PER_10_MIN = 600;
const BYTES_PER_MB = 2 ** 20;
const SAMPLES_PER_MS = 48;
const RATE_HZ = 48_000;

/** Fewest datagrams a second that count as a call: half of what 20 ms frames make. */
const MIN_DATAGRAMS_PER_SECOND = 25;

/**
 * Each thread's young generation would grow from 1 to 16 MB in the first quarter of an hour, which in a short run
 * looks like a leak. Held small, what grows is what is kept.
 */
const V8_OPTIONS = '--max-semi-space-size=1';

/** No two sound cards run alike: 100 parts per million lie between these. */
const CLOCK_ERROR_PPM = 50;

type Client = { readonly name: string; readonly app: AppProcess; readonly client: AppClient };

/** Everything sampled of one client: time series by name, ring fill levels in ms. */
type Series = Map<string, Sample[]>;

function add(series: Series, name: string, seconds: number, value: number): void {
  const samples = series.get(name) ?? [];
  samples.push({ seconds, value });
  series.set(name, samples);
}

/** Fill levels of all rings, whichever thread counts them: every counter that ends in `fillSamples`, in ms. */
export function ringFillsMs(stats: Stats): Map<string, number> {
  const fills = new Map<string, number>();
  for (const [group, counters] of Object.entries(stats)) {
    for (const [name, value] of Object.entries(counters)) {
      if (/fillSamples$/i.test(name)) fills.set(`${group}.${name}`, value / SAMPLES_PER_MS);
    }
  }
  return fills;
}

async function startClient(
  teardown: Teardown,
  folder: string,
  name: string,
  speechPath: string,
  ppm: number,
): Promise<Client> {
  const dataFolder = join(folder, name);
  mkdirSync(dataFolder);
  const app = await AppProcess.start({
    dataFolder,
    env: {
      ...process.env,
      NODE_OPTIONS: V8_OPTIONS,
      SIDETONE_AUDIO_BACKEND: 'wave',
      SIDETONE_WAVE_INPUT: speechPath,
      SIDETONE_WAVE_PPM: String(ppm),
    },
    logPath: join(OUTPUT_FOLDER, `${name}.log`),
  });
  teardown.defer(`Sidetone ${name}`, async () => void (await app.stop()));
  const client = await AppClient.connect(app.address);
  teardown.defer(`the connection to ${name}`, () => client.close());
  return { name, app, client };
}

/** A hosts, B joins, both with an open microphone: voice flows both ways all the time. */
async function startCall(teardown: Teardown, folder: string): Promise<Client[]> {
  const speechPath = join(folder, 'speech.wav');
  writeWavFile(speechPath, babble(10, RATE_HZ, createRng(5)), RATE_HZ);
  const a = await startClient(teardown, folder, 'a', speechPath, CLOCK_ERROR_PPM);
  const b = await startClient(teardown, folder, 'b', speechPath, -CLOCK_ERROR_PPM);
  const port = await freePort();
  await a.client.done('host', { roomName: 'Soak', nickname: 'Anna', address: '127.0.0.1', port });
  const { hosting } = await a.client.send('getState', null);
  if (hosting.phase !== 'on') throw new Error('A hosts no room');
  await b.client.done('join', { target: hosting.inviteLink, nickname: 'Boris', password: null });
  for (const { name, client } of [a, b]) {
    await client.done('setActivation', { activation: 'open' });
    await waitFor(`the voice path of ${name}`, 15_000, async () => {
      const { connection } = await client.send('getState', null);
      return connection.phase === 'connected' && connection.voicePath ? true : null;
    });
  }
  return [a, b];
}

async function sampleOnce(
  clients: readonly Client[],
  series: ReadonlyMap<string, Series>,
  seconds: number,
): Promise<void> {
  for (const { name, app, client } of clients) {
    const own = series.get(name);
    if (own === undefined) continue;
    const stats = await client.send('getStats', null);
    add(own, 'residentMb', seconds, app.residentBytes() / BYTES_PER_MB);
    add(own, 'heapMb', seconds, (stats.process?.heapUsedBytes ?? 0) / BYTES_PER_MB);
    add(own, 'received', seconds, stats.udp?.received ?? 0);
    for (const [ring, fillMs] of ringFillsMs(stats)) add(own, `ring ${ring}`, seconds, fillMs);
  }
}

function highest(samples: readonly Sample[]): number {
  return samples.reduce((most, { value }) => Math.max(most, value), Number.NEGATIVE_INFINITY);
}

/** One row per series, and the worst of each kind against its target. */
function evaluate(series: ReadonlyMap<string, Series>): {
  rows: Row[];
  values: Record<string, number | null>;
} {
  const rows: Row[] = [];
  // Growth over the whole run, as far as it is certain.
  const growth: Record<'residentMb' | 'heapMb' | 'ring', number[]> = { residentMb: [], heapMb: [], ring: [] };
  const fills: number[] = [];
  for (const [client, own] of series) {
    for (const [name, samples] of own) {
      if (name === 'received') continue;
      const trend = trendOf(samples);
      const perTenMinutes = (perSecond: number | undefined): number | null =>
        perSecond === undefined ? null : perSecond * SECONDS_PER_10_MIN;
      rows.push({
        check: `${client} ${name}`,
        first: samples[0]?.value ?? null,
        last: samples.at(-1)?.value ?? null,
        max: highest(samples),
        per10Min: perTenMinutes(trend?.perSecond),
        plusMinus: perTenMinutes(trend?.uncertaintyPerSecond),
      });
      const kind = name === 'residentMb' || name === 'heapMb' ? name : 'ring';
      const seconds = (samples.at(-1)?.seconds ?? 0) - (samples[0]?.seconds ?? 0);
      growth[kind].push(trend === null ? Number.NaN : trend.certainPerSecond * seconds);
      if (kind === 'ring') fills.push(highest(samples));
    }
  }
  const worst = (values: readonly number[]): number | null =>
    values.length === 0 ? null : Math.max(...values);
  return {
    rows,
    values: {
      memoryGrowthMb: worst(growth.residentMb),
      heapGrowthMb: worst(growth.heapMb),
      ringGrowthMs: worst(growth.ring),
      maxRingFillMs: worst(fills),
    },
  };
}

/** A soak in which nobody was heard shows nothing: datagrams per second at the quieter of the two. */
function datagramsPerSecond(series: ReadonlyMap<string, Series>): number {
  const rates = [...series.values()].map((own) => {
    const samples = own.get('received') ?? [];
    const [first, last] = [samples[0], samples.at(-1)];
    if (first === undefined || last === undefined || last.seconds <= first.seconds) return 0;
    return (last.value - first.value) / (last.seconds - first.seconds);
  });
  return Math.min(...rates);
}

async function soak(teardown: Teardown, minutes: number): Promise<ReadonlyMap<string, Series>> {
  rmSync(OUTPUT_FOLDER, { recursive: true, force: true });
  mkdirSync(OUTPUT_FOLDER, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'sidetone-soak-'));
  teardown.defer('the temporary folder', () =>
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }),
  );
  const clients = await startCall(teardown, folder);
  const series = new Map<string, Series>(clients.map(({ name }) => [name, new Map()]));
  process.stderr.write(`${NAME}: the call stands, warming up\n`);
  await sleep(WARM_UP_MS);
  const startMs = performance.now();
  for (let n = 0; n * SAMPLE_EVERY_MS < minutes * 60_000; n += 1) {
    await sleep(Math.max(0, startMs + n * SAMPLE_EVERY_MS - performance.now()));
    await sampleOnce(clients, series, (performance.now() - startMs) / 1000);
    if (n % 60 === 59) process.stderr.write(`${NAME}: ${(n + 1) / 60} min\n`);
  }
  const everything = Object.fromEntries([...series].map(([name, own]) => [name, Object.fromEntries(own)]));
  writeFileSync(join(OUTPUT_FOLDER, 'series.json'), JSON.stringify(everything));
  return series;
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: { json: { type: 'boolean', default: false }, minutes: { type: 'string', default: '1' } },
  });
  const minutes = Number(options.minutes);
  if (!(minutes > 0 && minutes <= MAX_MINUTES))
    throw new Error(`--minutes takes a number up to ${MAX_MINUTES}`);
  if (!existsSync(BROWSER_SHELL)) throw new Error('the program is not built: npm run build');
  const teardown = new Teardown();
  try {
    const series = await soak(teardown, minutes);
    const { rows, values } = evaluate(series);
    const rate = datagramsPerSecond(series);
    const call = {
      check: 'the call',
      minutes,
      datagramsPerSecond: rate,
      ok: rate >= MIN_DATAGRAMS_PER_SECOND,
    };
    const judged = call.ok ? values : {};
    publish(createReport(NAME, [call, ...rows], judged), { json: options.json });
  } finally {
    await teardown.run();
  }
}

await main();
