import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../report.ts';
import { endWithThisProcess } from './children.ts';
import type { IdleCrowd, IdleNews, IdleOrder } from './idle-news.ts';
import type { OurContestant } from './our-relay.ts';

/** Processes that hold the sessions: none of their memory is the relay's. */
const CROWDS = 4;

/** All sessions open, in ms; thousands of logins, each told to those who are there. */
const MAX_OPENING_MS = 300_000;

/** Memory is at rest when it moves by less than this share for so many looks, a second apart. */
const REST_SHARE = 0.01;
const REST_LOOKS = 5;
const MAX_LOOKS = 60;

const BYTES_PER_MB = 1e6;

/** Memory of a process, in bytes. */
interface ProcessMemory {
  readonly residentBytes: number;
  /** Pages that others map too count by their share. */
  readonly proportionalBytes: number;
}

/** Reads sizes out of the sums over all mappings (proc(5), smaps_rollup), which are in kB of 1,024 bytes. */
export function parseRollup(text: string): ProcessMemory {
  const bytesOf = (name: string): number => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text);
    if (found === null) throw new Error(`there is no ${name} in it`);
    return Number(found[1]) * 1_024;
  };
  return { residentBytes: bytesOf('Rss'), proportionalBytes: bytesOf('Pss') };
}

function memoryOf(pid: number): ProcessMemory {
  return parseRollup(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
}

async function restingMemory(pid: number): Promise<ProcessMemory> {
  let last = memoryOf(pid);
  for (let [look, still] = [0, 0]; look < MAX_LOOKS && still < REST_LOOKS; look += 1) {
    await sleep(1_000);
    const now = memoryOf(pid);
    const moved = Math.abs(now.residentBytes - last.residentBytes) / last.residentBytes;
    still = moved < REST_SHARE ? still + 1 : 0;
    last = now;
  }
  return last;
}

function news<Kind extends IdleNews['kind']>(
  child: ChildProcess,
  kind: Kind,
): Promise<Extract<IdleNews, { kind: Kind }>> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(
      () => reject(new Error('the idle sessions are not open in time')),
      MAX_OPENING_MS,
    );
    child.once('exit', () => reject(new Error('the process of the idle sessions has ended')));
    child.on('message', (message: IdleNews) => {
      if (message.kind !== kind) return;
      clearTimeout(limit);
      resolve(message as Extract<IdleNews, { kind: Kind }>);
    });
  });
}

function startCrowd(place: IdleCrowd): ChildProcess {
  const child = fork(join(import.meta.dirname, 'idle-members-process.ts'), [JSON.stringify(place)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  endWithThisProcess(child);
  return child;
}

async function stillStanding(children: readonly ChildProcess[]): Promise<number> {
  const counts = children.map(async (child) => {
    const answer = news(child, 'standing');
    child.send({ kind: 'count' } satisfies IdleOrder);
    return (await answer).count;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

export interface IdleSessions {
  readonly row: Row;
  /** Resident memory of the relay's process, in MB; null when fewer sessions stood than were asked for. */
  readonly residentMb: number | null;
}

/** Memory of a relay that holds sessions who say nothing. */
export async function measureIdleSessions(
  contestant: OurContestant,
  folder: string,
  sessions: number,
): Promise<IdleSessions> {
  const relay = await contestant.start(folder, sessions);
  const children: ChildProcess[] = [];
  try {
    const before = await restingMemory(relay.pid);
    const startMs = performance.now();
    const opened = Array.from({ length: CROWDS }, (_, at) => {
      const [first, end] = [at, at + 1].map((part) => Math.floor((sessions * part) / CROWDS));
      const child = startCrowd({ port: relay.port, first: first ?? 0, count: (end ?? 0) - (first ?? 0) });
      children.push(child);
      return news(child, 'open');
    });
    const crowds = await Promise.all(opened);
    const openingMs = performance.now() - startMs;
    const after = await restingMemory(relay.pid);
    const standing = await stillStanding(children);
    const heap = await relay.memory();
    const collected = memoryOf(relay.pid);
    const row: Row = {
      check: `${sessions} idle sessions`,
      relay: contestant.name,
      standing,
      refused: crowds.find(({ refused }) => refused !== null)?.refused ?? null,
      openingSeconds: openingMs / 1_000,
      residentMb: after.residentBytes / BYTES_PER_MB,
      residentMbBefore: before.residentBytes / BYTES_PER_MB,
      proportionalMb: after.proportionalBytes / BYTES_PER_MB,
      kbPerSession: (after.residentBytes - before.residentBytes) / 1e3 / Math.max(1, standing),
      residentMbCollected: collected.residentBytes / BYTES_PER_MB,
      heapMbCollected: heap.heapBytes / BYTES_PER_MB,
      externalMb: heap.externalBytes / BYTES_PER_MB,
    };
    return { row, residentMb: standing === sessions ? after.residentBytes / BYTES_PER_MB : null };
  } finally {
    for (const child of children) child.disconnect();
    await relay.stop();
  }
}
