import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { watchLoad } from '../../e2e/rig/machine-load.ts';
import { Teardown } from '../../e2e/rig/teardown.ts';
import { createNotRunReport, createReport, publish, type Row } from '../report.ts';
import type { Contestant, RunningContestant } from './contestant.ts';
import { measureHeapGrowth } from './heap-growth.ts';
import { measureIdleSessions } from './idle-sessions.ts';
import { Load, type Run, type RunTime } from './load.ts';
import { mumbleServer } from './mumble-server.ts';
import { missingPackages } from './needs.ts';
import { type OurContestant, ourRelay } from './our-relay.ts';
import { plainRelay } from './plain-relay.ts';
import { processTimeMs } from './process-time.ts';
import { buildPrograms, checkSealing, type Programs } from './programs.ts';
import {
  figuresOf,
  type Measured,
  type MeasuredSustained,
  nameOf,
  ratioOf,
  runRow,
  type Setting,
  summaryRow,
  sustainedRow,
  sustainedSummaryRow,
} from './rows.ts';
import { findSustained } from './sustained.ts';

const NAME = 'bench:relay';
const ROOT = join(import.meta.dirname, '../..');
const WORKER = join(ROOT, 'out/main/relay-worker.js');

/** Exit code of a measurement that could not be made here. */
const EXIT_DID_NOT_RUN = 3;

/** In rising order of members: they come into one room one after the other. */
const SETTINGS: readonly Setting[] = [
  { members: 50, speakers: 1 },
  { members: 50, speakers: 5 },
  { members: 100, speakers: 10 },
  { members: 200, speakers: 10 },
];

/** Where the targets lie, and where the largest rate is looked for. */
const FULL: Setting = { members: 200, speakers: 10 };

/** As many as any machine carries that is worth measuring on: millions of datagrams take their time. */
const HEAP_SPEAKERS = 16;

/** How often a run is done again because the load generator was held up; the last one counts, whatever it was. */
const MAX_REPEATS = 2;

interface Plan {
  readonly rounds: number;
  /** Before the first run with so many members: code is compiled, caches fill. */
  readonly warmUp: RunTime;
  readonly time: RunTime;
  readonly sustainedTime: RunTime;
  readonly idleMs: number;
  readonly heapPoints: number;
  readonly sessions: number;
  /** Datagrams are taken as soon as they come, instead of every few milliseconds: relays then wake whoever listens. */
  readonly awake: boolean;
}

const WHOLE_PLAN: Plan = {
  rounds: 3,
  warmUp: { warmMs: 0, measuredMs: 1_500 },
  time: { warmMs: 300, measuredMs: 3_000 },
  sustainedTime: { warmMs: 300, measuredMs: 2_000 },
  idleMs: 2_000,
  heapPoints: 8,
  sessions: 5_000,
  awake: false,
};

/** To see that everything works; its figures are worth little. */
const QUICK_PLAN: Plan = {
  rounds: 1,
  warmUp: { warmMs: 0, measuredMs: 400 },
  time: { warmMs: 200, measuredMs: 600 },
  sustainedTime: { warmMs: 200, measuredMs: 600 },
  idleMs: 500,
  heapPoints: 3,
  sessions: 200,
  awake: false,
};

function say(sentence: string): void {
  process.stderr.write(`${NAME}: ${sentence}\n`);
}

/** One relay in one round: all settings, then the largest rate. */
class Turn {
  readonly measured: Measured[] = [];
  readonly #round: number;
  readonly #relay: string;
  readonly #running: RunningContestant;
  readonly #load: Load;
  readonly #plan: Plan;
  #members = 0;

  constructor(round: number, contestant: Contestant, running: RunningContestant, load: Load, plan: Plan) {
    this.#round = round;
    this.#relay = contestant.name;
    this.#running = running;
    this.#load = load;
    this.#plan = plan;
  }

  async measure(setting: Setting): Promise<void> {
    if (setting.members > this.#members) {
      await this.#running.join(setting.members - this.#members, this.#load);
      this.#members = setting.members;
      if (this.#plan.awake) await this.#load.listen();
      await this.#run(setting, this.#plan.warmUp);
    }
    for (let repeats = 0; ; repeats += 1) {
      const run = await this.#run(setting, this.#plan.time);
      // Whatever the relay's figures are: the load generator alone decides that it is done again.
      const again = run.fault !== null && repeats < MAX_REPEATS;
      this.#keep(setting, run, again);
      if (!again) return;
    }
  }

  async sustain(): Promise<MeasuredSustained> {
    const idlePercent = await this.#idlePercent();
    const sustained = await findSustained((speakers) =>
      this.#run({ members: this.#members, speakers }, this.#plan.sustainedTime),
    );
    const rate = Math.round(sustained.rate);
    say(`round ${this.#round}, ${this.#relay}: sustains ${sustained.speakers} speakers, ${rate} datagrams/s`);
    return {
      round: this.#round,
      relay: this.#relay,
      sustained,
      idlePercent,
      fault: this.#running.fault(),
    };
  }

  #run({ speakers }: Setting, time: RunTime): Promise<Run> {
    return this.#load.run(speakers, time, this.#running.pid);
  }

  #keep(setting: Setting, run: Run, repeated: boolean): void {
    const fault = this.#running.fault();
    this.measured.push({ round: this.#round, relay: this.#relay, setting, run, repeated, fault });
    const figures = `${run.cpuUs.toFixed(2)} us, p99 ${run.p99Ms.toFixed(2)} ms, ${run.lossPercent.toFixed(3)} % lost`;
    const doubt = run.fault ?? fault;
    say(
      `round ${this.#round}, ${nameOf(setting)}, ${this.#relay}: ${figures}${doubt === null ? '' : ` (${doubt})`}`,
    );
  }

  async #idlePercent(): Promise<number> {
    const { idleMs } = this.#plan;
    const beforeMs = processTimeMs(this.#running.pid);
    await sleep(idleMs);
    return (100 * (processTimeMs(this.#running.pid) - beforeMs)) / idleMs;
  }
}

interface Rounds {
  readonly measured: Measured[];
  readonly sustained: MeasuredSustained[];
}

async function takeTurn(
  round: number,
  contestant: Contestant,
  { programs, folder, plan }: { programs: Programs; folder: string; plan: Plan },
  into: Rounds,
): Promise<void> {
  const running = await contestant.start(folder, FULL.members);
  const load = await Load.start(programs.loadPath, running.protocol, running.port);
  try {
    const turn = new Turn(round, contestant, running, load, plan);
    for (const setting of SETTINGS) await turn.measure(setting);
    into.measured.push(...turn.measured);
    into.sustained.push(await turn.sustain());
  } finally {
    await load.stop();
    await running.stop();
  }
}

function targetValues(
  { measured, sustained }: Rounds,
  ours: string,
  plain: string,
): Record<string, number | null> {
  const figures = (relay: string, figure: (run: Run) => number) => figuresOf(measured, relay, FULL, figure);
  const cpu = (relay: string) => figures(relay, (run) => run.cpuUs);
  const p99 = (relay: string) => figures(relay, (run) => run.p99Ms);
  const rates = (relay: string) =>
    sustained
      .filter((one) => one.relay === relay)
      .map((one) => ({ round: one.round, value: one.sustained.rate }));
  return {
    cpuToMumble: ratioOf(cpu(ours), cpu(mumbleServer.name)),
    cpuToPlainRelay: ratioOf(cpu(ours), cpu(plain)),
    p99ToMumble: ratioOf(p99(ours), p99(mumbleServer.name)),
    sustainedToMumble: ratioOf(rates(ours), rates(mumbleServer.name)),
  };
}

function summaries({ measured, sustained }: Rounds, relays: readonly string[]): Row[] {
  const settings = SETTINGS.flatMap((setting) => relays.map((relay) => summaryRow(measured, relay, setting)));
  const rates = relays.map((relay) => sustainedSummaryRow(sustained, relay));
  return [...settings, ...rates].filter((row) => row !== null);
}

async function measure(
  folder: string,
  plan: Plan,
  workerPath: string,
): Promise<Parameters<typeof createReport>> {
  const programs = await buildPrograms(folder);
  await checkSealing(programs);
  const ours: OurContestant = ourRelay('batched', workerPath);
  const plain = plainRelay(programs.relayPath);
  const contestants: readonly Contestant[] = [ours, ourRelay('dgram', workerPath), plain, mumbleServer];
  const loadSince = watchLoad();
  const rounds: Rounds = { measured: [], sustained: [] };
  for (let round = 0; round < plan.rounds; round += 1) {
    for (let turn = 0; turn < contestants.length; turn += 1) {
      // Each round begins with another one: what a machine does over minutes must not fall on the same.
      const contestant = contestants[(round + turn) % contestants.length];
      if (contestant !== undefined) await takeTurn(round + 1, contestant, { programs, folder, plan }, rounds);
    }
  }
  const machine: Row = { check: 'the machine while relays were compared', ...loadSince() };
  const heap = await measureHeapGrowth(ours, programs, folder, {
    members: FULL.members,
    speakers: HEAP_SPEAKERS,
    points: plan.heapPoints,
  });
  say(`heap growth: ${JSON.stringify(heap.row)}`);
  const idle = await measureIdleSessions(ours, folder, plan.sessions);
  say(`idle sessions: ${JSON.stringify(idle.row)}`);
  const relays = contestants.map(({ name }) => name);
  const rows = [
    ...summaries(rounds, relays),
    heap.row,
    idle.row,
    machine,
    ...rounds.measured.map(runRow),
    ...rounds.sustained.map(sustainedRow),
  ];
  return [
    NAME,
    rows,
    {
      ...targetValues(rounds, ours.name, plain.name),
      heapGrowthBytesPerMillion: heap.certainBytes,
      heapUncertaintyBytesPerMillion: heap.uncertaintyBytes,
      idleSessionsMb: idle.residentMb,
    },
  ];
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      sessions: { type: 'string' },
      worker: { type: 'string', default: WORKER },
      awake: { type: 'boolean', default: false },
    },
  });
  const missing = missingPackages();
  if (missing.length > 0) {
    const reason = `it compares with programs that are not installed: apt-get install ${missing.join(' ')}`;
    publish(createNotRunReport(NAME, reason), { json: options.json });
    say(`DID NOT RUN: ${reason}`);
    process.exitCode = EXIT_DID_NOT_RUN;
    return;
  }
  const plan = options.quick ? QUICK_PLAN : WHOLE_PLAN;
  const rounds = Number(options.rounds ?? plan.rounds);
  const sessions = Number(options.sessions ?? plan.sessions);
  if (!(Number.isInteger(rounds) && rounds >= 1 && Number.isInteger(sessions) && sessions >= 1))
    throw new Error('--rounds and --sessions take whole numbers');
  const folder = mkdtempSync(join(tmpdir(), 'sidetone-relay-'));
  // Interrupted, too: what was started ends with this process, or as soon as it notices.
  const teardown = new Teardown();
  teardown.defer('the temporary folder', () =>
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }),
  );
  try {
    const report = await measure(folder, { ...plan, rounds, sessions, awake: options.awake }, options.worker);
    publish(createReport(...report), { json: options.json });
  } finally {
    await teardown.run();
  }
}

await main();
