import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BotsRequest, type BotsState, IDLE_BOTS } from '../../contract/admin.ts';
import type { AdminCommand, AdminOutcome, RelayAdmin } from '../../core/relay/admin-port.ts';
import { BOTS_CHANNEL_NAME, Bots } from './bots.ts';

const ACTOR = { account: 'anna', role: 1 };
const REQUEST: BotsRequest = { bots: 4, speakers: 2, seconds: 5, address: null };
const DONE: BotsState = { ...IDLE_BOTS, phase: 'done', bots: 4, speakers: 2 };

/** A worker of two lines: it says who its bots are, and does what a test wants when they are let in. */
function workerOf(onAdmitted: string, onStop = ''): string {
  return `
import { parentPort, workerData } from 'node:worker_threads';
const send = (event) => parentPort.postMessage(event);
const done = ${JSON.stringify(DONE)};
parentPort.on('message', (command) => {
  if (command.kind === 'admitted') { ${onAdmitted} }
  if (command.kind === 'stop') { ${onStop} }
});
send({ kind: 'identities', identities: ['a', 'b', 'c', 'd'] });
`;
}

const ENDS = `send({ kind: 'state', state: { ...done, phase: 'speaking', joined: command.channel } });
  send({ kind: 'ended', state: done, summary: null });`;

/** A relay that lets bots in or not; the rest of it nobody asks for. */
function relayDouble(answer: () => Promise<AdminOutcome>): { relay: RelayAdmin; asked: AdminCommand[] } {
  const asked: AdminCommand[] = [];
  const unasked = (): Promise<never> => Promise.reject(new Error('nobody asks that'));
  const relay: RelayAdmin = {
    command: (_actor, command) => {
      asked.push(command);
      return command.kind === 'admitBots' ? answer() : Promise.resolve({ ok: true, channel: null });
    },
    view: unasked,
    bans: unasked,
    audit: unasked,
    writeAudit: unasked,
    figures: unasked,
    watch: () => () => undefined,
  };
  return { relay, asked };
}

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-bots-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function botsWith(
  source: string,
  answer: () => Promise<AdminOutcome> = () => Promise.resolve({ ok: true, channel: 7 }),
): { bots: Bots; asked: AdminCommand[]; states: BotsState[]; ended: Promise<BotsState> } {
  const workerPath = join(folder, 'worker.mjs');
  writeFileSync(workerPath, source);
  const { relay, asked } = relayDouble(answer);
  const ownAddresses = (): string[] => ['192.0.2.7'];
  const bots = new Bots({ workerPath, speechPath: '', relay, port: 1, certificateSha256: '', ownAddresses });
  const states: BotsState[] = [];
  const ended = new Promise<BotsState>((resolve) => {
    bots.onState((state) => {
      states.push(state);
      if (state.phase === 'done' || state.phase === 'failed') resolve(state);
    });
  });
  return { bots, asked, states, ended };
}

const ADMIT_AND_DISMISS = [
  { kind: 'admitBots', identities: ['a', 'b', 'c', 'd'], channelName: BOTS_CHANNEL_NAME },
  { kind: 'dismissBots' },
];

describe('Bots', () => {
  it('has the relay let the bots in, tells how it goes, and has them put out', async () => {
    const { bots, asked, states, ended } = botsWith(workerOf(ENDS));
    expect(bots.state()).toEqual(IDLE_BOTS);
    expect(await bots.start(REQUEST, ACTOR)).toEqual({ ok: true });
    await ended;
    expect(asked).toEqual(ADMIT_AND_DISMISS);
    expect(states.map(({ phase, joined }) => [phase, joined])).toEqual([
      ['joining', 0],
      ['speaking', 7],
      ['done', 0],
    ]);
    expect(bots.state()).toEqual(DONE);
    // The next one may begin.
    expect(await bots.start(REQUEST, ACTOR)).toEqual({ ok: true });
    await bots.stop();
  });

  it('runs one test at a time', async () => {
    const { bots, asked } = botsWith(workerOf('', `send({ kind: 'ended', state: done, summary: null });`));
    const [first, second] = await Promise.all([bots.start(REQUEST, ACTOR), bots.start(REQUEST, ACTOR)]);
    expect(first).toEqual({ ok: true });
    expect(second).toMatchObject({ ok: false, reason: 'running' });
    expect(await bots.start(REQUEST, ACTOR)).toMatchObject({ ok: false, reason: 'running' });
    await bots.stop();
    expect(bots.state().phase).toBe('done');
    expect(asked).toEqual(ADMIT_AND_DISMISS);
  });

  it('stops a test that is only about to begin', async () => {
    const { bots, asked } = botsWith(workerOf('', `send({ kind: 'ended', state: done, summary: null });`));
    const begun = bots.start(REQUEST, ACTOR);
    await bots.stop();
    expect(await begun).toEqual({ ok: true });
    expect(bots.state().phase).toBe('done');
    expect(asked).toEqual(ADMIT_AND_DISMISS);
  });

  it.each([
    ['more speakers than bots', { ...REQUEST, speakers: 5 }],
    ['too many bots', { ...REQUEST, bots: 201 }],
    ['an address of another machine', { ...REQUEST, address: '192.0.2.8' }],
    ['a name', { ...REQUEST, address: 'example.org' }],
  ])('refuses %s and starts nothing', async (_what, request) => {
    const { bots, asked, states } = botsWith(workerOf(ENDS));
    expect(await bots.start(request, ACTOR)).toMatchObject({ ok: false, reason: 'badRequest' });
    expect([asked, states]).toEqual([[], []]);
  });

  it('goes over an address that this machine has', async () => {
    const tells = `send({ kind: 'ended', state: { ...done, sentence: workerData.address }, summary: null });`;
    const { bots, ended } = botsWith(workerOf(tells));
    await bots.start({ ...REQUEST, address: '192.0.2.7' }, ACTOR);
    expect((await ended).sentence).toBe('192.0.2.7');
  });

  it.each([
    ['notAllowed', 'notAllowed'],
    ['testRunning', 'running'],
    ['roomFull', 'unavailable'],
  ] as const)('says so when the relay refuses with %s', async (code, reason) => {
    const { bots, asked, states } = botsWith(workerOf(ENDS), () =>
      Promise.resolve({ ok: false, code, rule: null }),
    );
    const outcome = await bots.start(REQUEST, ACTOR);
    expect(outcome).toMatchObject({ ok: false, reason });
    expect(!outcome.ok && outcome.sentence).toMatch(/\.$/);
    expect(asked).toHaveLength(1);
    expect(states).toEqual([]);
    expect(bots.state()).toEqual(IDLE_BOTS);
  });

  it('says so when the relay is gone', async () => {
    const { bots } = botsWith(workerOf(ENDS), () => Promise.reject(new Error('it ended')));
    expect(await bots.start(REQUEST, ACTOR)).toMatchObject({ ok: false, reason: 'unavailable' });
  });

  it('says so when the worker does not start', async () => {
    const { bots, asked } = botsWith(`throw new Error('a defect');`);
    expect(await bots.start(REQUEST, ACTOR)).toEqual({
      ok: false,
      reason: 'unavailable',
      sentence: 'The stress test could not begin: a defect',
    });
    expect(asked).toEqual([]);
  });

  it.each([
    ['dies', `throw new Error('a defect');`, 'a defect'],
    ['ends too early', 'process.exit(0);', 'ended before'],
  ])('puts the bots out when their worker %s', async (_what, source, sentence) => {
    const { bots, asked, ended } = botsWith(workerOf(source));
    expect(await bots.start(REQUEST, ACTOR)).toEqual({ ok: true });
    const state = await ended;
    expect(state).toMatchObject({ phase: 'failed', bots: 4 });
    expect(state.sentence).toContain(sentence);
    expect(asked).toEqual(ADMIT_AND_DISMISS);
  });

  it('stops when nothing runs, and listens no more when it is told so', async () => {
    const { bots, states } = botsWith(workerOf(ENDS));
    await bots.stop();
    const heard: BotsState[] = [];
    const stopListening = bots.onState((state) => heard.push(state));
    stopListening();
    await bots.start(REQUEST, ACTOR);
    await bots.stop();
    expect(heard).toEqual([]);
    expect(states.at(-1)?.phase).toBe('done');
  });
});
