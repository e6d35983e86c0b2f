import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createReport, publish, type Row } from '../../bench/report.ts';
import { createRng } from '../../src/core/base/rng.ts';
import { MAX_CHANNEL_MEMBERS } from '../../src/core/wire/channels.ts';
import { TestIdentity } from '../../src/main/relay/test-client.ts';
import { Teardown } from '../rig/teardown.ts';
import { type Attack, type Stage, Tally } from './attack.ts';
import { comeAndGo } from './attacks/forged-keys.ts';
import { ATTACKS } from './attacks.ts';
import { HonestCrowd } from './honest-crowd.ts';
import type { HonestReport } from './honest-protocol.ts';
import { RelayChild } from './relay-child.ts';
import type { RelaySample } from './relay-protocol.ts';
import { Rogue } from './rogue.ts';

const NAME = 'e2e:hostile';

const HONEST = ['Anna', 'Boris', 'Clara'];

/** The call before anybody attacks it, in ms: what the machine itself costs. */
const QUIET_MS = 6_000;

/** Between two attacks, in ms: what the one before set off has come to rest. */
const REST_MS = 600;

/** Longest attack, in ms: one that hangs must not keep the others from running. */
const MAX_ATTACK_MS = 45_000;

/** The host's lane must not look dead, in ms. */
const PING_INTERVAL_MS = 5_000;

const BYTES_PER_MB = 2 ** 20;

interface Findings {
  readonly rows: Row[];
  readonly losses: number[];
  failed: number;
}

function mb(bytes: number): number {
  return Math.round((bytes / BYTES_PER_MB) * 10) / 10;
}

async function openStage(teardown: Teardown, seed: number): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'sidetone-hostile-'));
  teardown.defer('the temporary folder', () => rmSync(folder, { recursive: true, force: true }));
  const host = new TestIdentity();
  const relay = await RelayChild.start({ folder, ownerIdentity: host.name, maxMembers: MAX_CHANNEL_MEMBERS });
  teardown.defer('the relay', () => relay.stop());
  const { port, certificateSha256 } = relay;
  const honest = new HonestCrowd({ port, certificateSha256, nicknames: HONEST });
  teardown.defer('the honest', () => honest.close());
  await honest.join();
  const warden = await Rogue.enter(port, '127.0.0.1', 'Warden', host);
  warden.say({ type: 'leave' });
  const ping = setInterval(() => warden.say({ type: 'ping', id: 1 }), PING_INTERVAL_MS);
  teardown.defer('the host', () => {
    clearInterval(ping);
    warden.drop();
  });
  return { relay, honest, warden, rng: createRng(seed) };
}

/** What must hold whatever is tried. */
function judgeCall(report: HonestReport, tally: Tally): void {
  tally.equal('packets opened twice', report.twice, 0);
  tally.equal('packets opened altered', report.altered, 0);
  tally.equal('chats twice or out of order', report.chatsWrong, 0);
  tally.equal('honest datagrams that had to take the lane', report.byLane, 0);
  tally.equal('all honest members connected', report.allConnected, true);
}

function toRow(attack: Attack, tally: Tally, report: HonestReport, sample: RelaySample): Row {
  return {
    check: attack.name,
    must: attack.expectation,
    ok: tally.failures.length === 0,
    tries: tally.tries,
    answers: tally.answers,
    ...tally.figures,
    seconds: report.seconds,
    worstLossPercent: report.worstLossPercent,
    keyChanges: report.keyChanges,
    longestGapMs: report.longestGapMs,
    relayHeldUpMs: sample.longestHoldUpMs,
    relayMemoryMb: mb(sample.residentBytes),
    relayHeapMb: mb(sample.heapBytes),
    ...(tally.failures.length === 0 ? {} : { failures: tally.failures.slice(0, 8).join('; ') }),
  };
}

async function runAttack(stage: Stage, attack: Attack, findings: Findings): Promise<void> {
  const { honest, relay } = stage;
  const tally = new Tally();
  await relay.sample();
  await honest.begin();
  const limit = new AbortController();
  try {
    const late = sleep(MAX_ATTACK_MS, null, { signal: limit.signal }).then(() => {
      throw new Error(`it took longer than ${MAX_ATTACK_MS} ms`);
    });
    const verdict = await Promise.race([attack.run(stage, tally), late]);
    const report = await honest.end();
    judgeCall(report, tally);
    verdict?.(report);
    await record(tally, report);
  } catch (error) {
    tally.failures.push(error instanceof Error ? error.message : String(error));
    await record(tally, await honest.end());
  } finally {
    limit.abort();
  }
  await sleep(REST_MS);

  async function record(found: Tally, report: HonestReport): Promise<void> {
    const row = toRow(attack, found, report, await relay.sample(true));
    findings.rows.push(row);
    if (attack.mayDisturb !== true) findings.losses.push(report.worstLossPercent);
    if (found.failures.length > 0) findings.failed += 1;
    process.stderr.write(`${NAME}: ${JSON.stringify(row)}\n`);
  }
}

const quiet: Attack = {
  name: 'nobody attacks',
  expectation: 'the call as it is on this machine',
  async run() {
    await sleep(QUIET_MS);
    return undefined;
  },
};

/** Comings and goings with nobody attacking: each costs a change of keys. */
const COMINGS = 3;

const comings: Attack = {
  name: 'nobody attacks, newcomers come and go',
  expectation: 'each hears all in a second or so: what changes of keys cost the call',
  async run(stage, tally) {
    const times: number[] = [];
    for (let n = 1; n <= COMINGS; n += 1) times.push(await comeAndGo(stage, tally, `Guest ${n}`));
    tally.figures['newcomerHearsAllMs'] = Math.max(...times);
    return undefined;
  },
};

/**
 * Growth is from before the first attack to after the last, garbage collected. Of resident memory some 30 MB stay with
 * the allocator after thousands of TLS handshakes, whatever their number; the limit is twice that. The peak may hold
 * two passwords at 64 MiB each (MAX_PASSWORDS_AT_ONCE) beside that; what the relay itself keeps is the heap, which may
 * grow by the inboxes and sessions that are held for two minutes.
 */
async function attackAll(
  stage: Stage,
  chosen: readonly Attack[],
): Promise<[Findings, Record<string, number>]> {
  const findings: Findings = { rows: [], losses: [], failed: 0 };
  await runAttack(stage, quiet, findings);
  await runAttack(stage, comings, findings);
  const before = await stage.relay.sample(true);
  for (const attack of chosen) await runAttack(stage, attack, findings);
  const after = await stage.relay.sample(true);
  return [
    findings,
    {
      failedAttacks: findings.failed,
      honestLossPercent: Math.max(...findings.losses),
      relayMemoryGrowthMb: mb(after.residentBytes - before.residentBytes),
      relayPeakGrowthMb: mb(after.peakResidentBytes - before.residentBytes),
      relayHeapGrowthMb: mb(after.heapBytes - before.heapBytes),
    },
  ];
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      seed: { type: 'string' },
      only: { type: 'string' },
    },
  });
  const seed = options.seed === undefined ? randomInt(2 ** 31) : Number(options.seed);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error('--seed takes a whole number');
  const chosen = ATTACKS.filter(({ name }) => options.only === undefined || name.includes(options.only));
  if (chosen.length === 0)
    throw new Error(`--only takes a part of a name: ${ATTACKS.map(({ name }) => name).join('; ')}`);
  process.stderr.write(`${NAME}: seed ${seed}\n`);
  const teardown = new Teardown();
  try {
    const stage = await openStage(teardown, seed);
    const [findings, values] = await attackAll(stage, chosen);
    const rows = [{ check: 'seed', tries: seed }, ...findings.rows];
    publish(createReport(NAME, rows, values), { json: options.json });
  } finally {
    await teardown.run();
  }
}

await main();
