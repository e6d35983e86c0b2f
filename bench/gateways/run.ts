import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { watchLoad } from '../../e2e/rig/machine-load.ts';
import { findProgram } from '../../e2e/rig/programs.ts';
import { Teardown } from '../../e2e/rig/teardown.ts';
import { processTimeMs } from '../relay/process-time.ts';
import { spreadOf } from '../relay/statistics.ts';
import { createNotRunReport, createReport, publish, type Row } from '../report.ts';
import { measureConversation } from './conversation.ts';
import { buildListeners, type ListenerFigures, type ListenerKind, Listeners } from './listeners.ts';
import { type MembersMeasured, measureMembers, membersRows, membersValues } from './members.ts';
import { Publisher } from './publisher.ts';
import { residentBytes, SERVER_PATH, type Server, startIcecast, startOurs } from './servers.ts';

const NAME = 'bench:gateways';

/** Exit code of a measurement that could not be made here. */
const EXIT_DID_NOT_RUN = 3;

/** Listeners of one kind; some of them take nothing once they are in. */
interface Group {
  readonly kind: ListenerKind;
  readonly count: number;
  readonly stalled: number;
}

interface Scenario {
  readonly name: string;
  readonly server: 'ours' | 'icecast';
  readonly groups: readonly Group[];
}

const SCENARIOS: readonly Scenario[] = [
  { name: '1,000 WebSocket', server: 'ours', groups: [{ kind: 'ws', count: 1_000, stalled: 0 }] },
  { name: '200 Ogg', server: 'ours', groups: [{ kind: 'ogg', count: 200, stalled: 0 }] },
  { name: '200 Ogg, icecast2', server: 'icecast', groups: [{ kind: 'ogg', count: 200, stalled: 0 }] },
  { name: '100 RTSP', server: 'ours', groups: [{ kind: 'rtsp', count: 100, stalled: 0 }] },
  {
    name: 'all, 50 more stalled',
    server: 'ours',
    groups: [
      { kind: 'ws', count: 1_030, stalled: 30 },
      { kind: 'ogg', count: 210, stalled: 10 },
      { kind: 'rtsp', count: 110, stalled: 10 },
    ],
  },
];

/** As many as icecast has to bear at once. */
const MAX_OGG = 400;

interface Plan {
  readonly rounds: number;
  /** After everybody is in and before it is measured, in ms. */
  readonly settleMs: number;
  /** Before anybody comes: what the server takes by itself, in ms. */
  readonly restingMs: number;
  readonly measuredMs: number;
  /** What members have of listeners, in each round with them and without, in seconds. */
  readonly membersSeconds: number;
}
const WHOLE_PLAN: Plan = {
  rounds: 3,
  settleMs: 2_000,
  restingMs: 3_000,
  measuredMs: 10_000,
  membersSeconds: 12,
};
const QUICK_PLAN: Plan = {
  rounds: 1,
  settleMs: 1_000,
  restingMs: 1_500,
  measuredMs: 3_000,
  membersSeconds: 4,
};

/** What `--only` calls the members, as it calls the scenarios by their names. */
const MEMBERS = 'members';

/** What it calls the mixed conversation. */
const CONVERSATION = 'conversation';

/** What one scenario showed in one round. */
interface Measured {
  readonly scenario: Scenario;
  readonly round: number;
  /** Of the server, in ms of processor time a second; and before anybody listened, with the publisher alone. */
  readonly cpuMsPerSecond: number;
  readonly restingCpuMsPerSecond: number;
  readonly bytesPerListener: number;
  readonly groups: readonly { readonly group: Group; readonly figures: ListenerFigures }[];
  readonly publisherLateMs: number;
  readonly busyPercent: number;
}

function progress(text: string): void {
  process.stderr.write(`${NAME}: ${text}\n`);
}

async function measure(
  programPath: string,
  server: Server,
  publisher: Publisher,
  scenario: Scenario,
  plan: Plan,
  round: number,
): Promise<Measured> {
  const restingCpuMsPerSecond = await cpuOf(server, plan.restingMs);
  const residentBefore = residentBytes(server.pid);
  const groups: { group: Group; listeners: Listeners }[] = [];
  try {
    for (const group of scenario.groups) {
      const entrance = server.entrance(group.kind);
      if (entrance === null) throw new Error(`${server.name} has no ${group.kind}`);
      groups.push({ group, listeners: await Listeners.join(programPath, { ...group, ...entrance }) });
    }
    await sleep(plan.settleMs);
    const load = watchLoad();
    publisher.takeLatestMs();
    for (const { listeners } of groups) listeners.begin();
    const [startMs, cpuBefore] = [performance.now(), processTimeMs(server.pid)];
    await sleep(plan.measuredMs);
    const [cpuMs, wallMs] = [processTimeMs(server.pid) - cpuBefore, performance.now() - startMs];
    const resident = residentBytes(server.pid);
    const figures = await Promise.all(
      groups.map(async ({ group, listeners }) => ({ group, figures: await listeners.end() })),
    );
    if (publisher.closed) throw new Error(`${server.name} hung up on the publisher`);
    const count = scenario.groups.reduce((sum, group) => sum + group.count, 0);
    return {
      scenario,
      round,
      cpuMsPerSecond: (cpuMs / wallMs) * 1_000,
      restingCpuMsPerSecond,
      bytesPerListener: (resident - residentBefore) / count,
      groups: figures,
      publisherLateMs: publisher.takeLatestMs(),
      busyPercent: load().busyPercent,
    };
  } finally {
    await Promise.all(groups.map(({ listeners }) => listeners.stop()));
  }
}

/** Processor time that a server takes a second, in ms. */
async function cpuOf(server: Server, forMs: number): Promise<number> {
  const [startMs, before] = [performance.now(), processTimeMs(server.pid)];
  await sleep(forMs);
  return ((processTimeMs(server.pid) - before) / (performance.now() - startMs)) * 1_000;
}

/** What one listener adds to a server's work: share of a core, in percent. */
function cpuPerListenerPercent({ scenario, cpuMsPerSecond, restingCpuMsPerSecond }: Measured): number {
  return (cpuMsPerSecond - restingCpuMsPerSecond) / 10 / listenersOf(scenario);
}

function listenersOf({ groups }: Scenario): number {
  return groups.reduce((sum, { count }) => sum + count, 0);
}

function rowsOf(measured: Measured): Row[] {
  const { scenario, round, bytesPerListener, publisherLateMs, busyPercent } = measured;
  return measured.groups.map(({ group, figures }) => ({
    check: `${scenario.name}, ${group.kind}, round ${round}`,
    p50Ms: figures.p50Ms,
    p99Ms: figures.p99Ms,
    maxMs: figures.maxMs,
    received: figures.received,
    lost: figures.lost,
    listenersWithLoss: figures.listenersWithLoss,
    gone: figures.gone,
    serverCpuMsPerSecond: measured.cpuMsPerSecond,
    restingCpuMsPerSecond: measured.restingCpuMsPerSecond,
    cpuPerListenerPercent: cpuPerListenerPercent(measured),
    kilobytesPerListener: bytesPerListener / 1_024,
    clientsCpuPercent: (figures.cpuMs / figures.wallMs) * 100,
    publisherLateMs,
    busyPercent,
  }));
}

/** Medians over the rounds of what is held against limits. */
function valuesOf(all: readonly Measured[]): Record<string, number> {
  const of = (name: string, value: (measured: Measured) => number): number =>
    spreadOf(all.filter(({ scenario }) => scenario.name === name).map(value)).median;
  const figures = (measured: Measured, kind: ListenerKind): ListenerFigures => {
    const found = measured.groups.find(({ group }) => group.kind === kind);
    if (found === undefined) throw new Error(`nobody listened by ${kind}`);
    return found.figures;
  };
  const ours = all.filter(({ scenario }) => scenario.server === 'ours');
  const ratios = all
    .filter(({ scenario }) => scenario.name === '200 Ogg')
    .map((mine) => {
      const other = all.find(({ scenario, round }) => scenario.server === 'icecast' && round === mine.round);
      if (other === undefined) throw new Error('icecast was not measured');
      return cpuPerListenerPercent(mine) / cpuPerListenerPercent(other);
    });
  const mixed = 'all, 50 more stalled';
  return {
    webSocketP99Ms: of(mixed, (measured) => figures(measured, 'ws').p99Ms),
    oggCpuToIcecast: spreadOf(ratios).median,
    // Not a median: a frame that was lost once was lost.
    lostFrames: ours.reduce(
      (sum, measured) => sum + measured.groups.reduce((lost, { figures: one }) => lost + one.lost, 0),
      0,
    ),
    lostListeners: ours.reduce(
      (sum, measured) => sum + measured.groups.reduce((gone, { figures: one }) => gone + one.gone, 0),
      0,
    ),
  };
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
    },
  });
  const missing = ['cc', 'icecast2'].filter((name) => findProgram(name, SERVER_PATH) === null);
  if (missing.length > 0) {
    const reason = `missing ${missing.join(', ')}; on Debian: apt-get install gcc icecast2`;
    process.stderr.write(`${NAME} DID NOT RUN: ${reason}\n`);
    publish(createNotRunReport(NAME, reason), { json: options.json });
    process.exitCode = EXIT_DID_NOT_RUN;
    return;
  }
  const plan = options.quick ? QUICK_PLAN : WHOLE_PLAN;
  const folder = mkdtempSync(join(tmpdir(), 'sidetone-bench-'));
  const teardown = new Teardown();
  teardown.defer('the temporary folder', () => rmSync(folder, { recursive: true, force: true }));
  try {
    const programPath = await buildListeners(folder);
    const all: Measured[] = [];
    for (let round = 1; round <= plan.rounds; round += 1) {
      // A fresh server for each: memory that one crowd left behind would be the next one's gain.
      for (const scenario of rotated(SCENARIOS, round)) {
        if (options.only !== undefined && !scenario.name.includes(options.only)) continue;
        progress(`round ${round}: ${scenario.name}`);
        const server = scenario.server === 'ours' ? await startOurs() : await startIcecast(folder, MAX_OGG);
        const publisher = await Publisher.start(server.publish);
        try {
          await sleep(plan.settleMs);
          all.push(await measure(programPath, server, publisher, scenario, plan, round));
        } finally {
          await publisher.stop();
          await server.stop();
        }
      }
    }
    const { rounds, membersSeconds: seconds } = plan;
    const members: MembersMeasured[] =
      options.only === undefined || MEMBERS.includes(options.only)
        ? await measureMembers(folder, programPath, { rounds, seconds }, progress)
        : [];
    const conversation =
      options.only === undefined || CONVERSATION.includes(options.only)
        ? await measureConversation(folder, programPath, rounds, progress)
        : [];
    // A part of them says how that part does, and meets no target.
    const values = options.only === undefined ? { ...valuesOf(all), ...membersValues(members) } : {};
    publish(createReport(NAME, [...all.flatMap(rowsOf), ...membersRows(members), ...conversation], values), {
      json: options.json,
    });
  } finally {
    await teardown.run();
  }
}

/** Every round begins with another scenario. */
function rotated<Item>(items: readonly Item[], round: number): readonly Item[] {
  const by = (round - 1) % items.length;
  return [...items.slice(by), ...items.slice(0, by)];
}

await main();
