import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type RunningRelay, startRelay } from '../../src/main/relay/relay-host.ts';
import { defaultChannels, MAX_HOSTED_MEMBERS } from '../../src/main/relay/room-defaults.ts';
import { createReport, publish, type Row } from '../report.ts';
import { Crowd, everybody, lastAfter, wallClockMs } from './crowd.ts';
import { measureSealing } from './seal-packets.ts';
import { measureSuites } from './seal-suites.ts';

const NAME = 'bench:trust';
const ROOT = join(import.meta.dirname, '../..');

const MEMBERS = 50;
const STORM_MS = 2_000;
/** Leaves measured; each is another member, and the median counts: a shared machine holds one up now and then. */
const LEAVES = 5;

/** After a change, in ms: everything it set off has come to rest. */
const REST_MS = 1_500;

interface Room {
  readonly relay: RunningRelay;
  /** Counters of the relay, as they were last reported. */
  readonly counters: () => Readonly<Record<string, number>>;
  close(): Promise<void>;
}

async function openRoom(): Promise<Room> {
  const folder = mkdtempSync(join(tmpdir(), 'sidetone-trust-'));
  let counters: Record<string, number> = {};
  const started = await startRelay({
    workerPath: join(ROOT, 'out/main/relay-worker.js'),
    migrationsFolder: join(ROOT, 'resources/migrations/relay'),
    folder,
    roomName: 'Trust',
    maxMembers: MAX_HOSTED_MEMBERS,
    channels: defaultChannels(),
    ownerIdentity: null,
    port: 0,
    onCounters: (latest) => {
      counters = latest;
    },
    onDidDie: (reason) => {
      throw new Error(`the relay died: ${reason}`);
    },
  });
  if (!started.ok) throw new Error(started.sentence);
  return {
    relay: started.relay,
    counters: () => counters,
    async close(): Promise<void> {
      await started.relay.stop('closing');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Everybody comes within two seconds; then one after the other goes, and comes back unmeasured. */
async function measureCrowd(): Promise<{ rows: Row[]; leaveMs: number }> {
  const room = await openRoom();
  const { port, certificateSha256 } = room.relay;
  const crowd = new Crowd({ size: MEMBERS, port, certificateSha256 });
  try {
    const members = everybody(MEMBERS);
    const startMs = wallClockMs();
    const [joined, hears] = [crowd.collect('joined', members), crowd.collect('hearsAll', members)];
    crowd.joinAll(STORM_MS);
    const joinedAfterMs = lastAfter(await joined, startMs);
    const allHearAllMs = lastAfter(await hears, startMs);
    await sleep(REST_MS);
    const storm: Row = {
      check: `${MEMBERS} join within ${STORM_MS} ms`,
      joinedAfterMs,
      allHearAllMs,
      afterTheLastJoinMs: allHearAllMs - joinedAfterMs,
      commits: room.counters()['keys.commitsAccepted'] ?? null,
      commitsTimedOut: room.counters()['keys.commitsTimedOut'] ?? null,
    };
    const leaves: number[] = [];
    for (let round = 0; round < LEAVES; round += 1)
      leaves.push(await measureLeave(crowd, MEMBERS - round * 7));
    const leave: Row = {
      check: `one of ${MEMBERS} leaves, until the last sends under the new key`,
      medianMs: median(leaves),
      worstMs: Math.max(...leaves),
      times: leaves.map((ms) => Math.round(ms)).join(' '),
    };
    return { rows: [storm, leave], leaveMs: median(leaves) };
  } finally {
    await crowd.close();
    await room.close();
  }
}

async function measureLeave(crowd: Crowd, goes: number): Promise<number> {
  const others = everybody(MEMBERS).filter((member) => member !== goes);
  const left = crowd.collect('left', [goes]);
  const keyed = crowd.collect('key', others, wallClockMs());
  crowd.leave(goes);
  const leftMs = (await left).get(goes) ?? Number.NaN;
  const tookMs = lastAfter(await keyed, leftMs);
  // Until the one who went is back and hears everybody.
  crowd.listen(MEMBERS);
  const hears = crowd.collect('hearsAll', [goes]);
  crowd.rejoin(goes);
  await hears;
  await sleep(REST_MS);
  return tookMs;
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
  const sealing = measureSealing();
  const suites = await measureSuites(MEMBERS);
  const crowd = await measureCrowd();
  const values = { sealAndOpenUs: sealing.sealAndOpenUs, leaveToNewKeyMs: crowd.leaveMs };
  publish(createReport(NAME, [...sealing.rows, ...crowd.rows, ...suites], values), { json: options.json });
}

await main();
