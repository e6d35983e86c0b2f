import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { BotsRequest, BotsState } from '../contract/admin.ts';
import { ADMIN_ROLE_ID } from '../core/wire/roles.ts';
import type { BotsPort } from './admin/bots-port.ts';
import type { BotPorts } from './bots/bot-ports.ts';
import { Bots } from './bots/bots.ts';
import { StressTest } from './bots/stress-test.ts';
import { composeBots } from './compose-bots.ts';
import { type RunningRelay, startRelay } from './relay/relay-host.ts';
import { defaultChannels } from './relay/room-defaults.ts';

const HERE = import.meta.dirname;
const RESOURCES = join(HERE, '../../resources');
const SPEECH = join(RESOURCES, 'bots/speech.wav');
const RELAY_WORKER = join(HERE, 'relay/relay-worker.ts');
const ACTOR = { account: 'anna', role: ADMIN_ROLE_ID };

const folders: string[] = [];
function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sidetone-bots-run-'));
  folders.push(folder);
  return folder;
}
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

async function openRelay(workerPath = RELAY_WORKER): Promise<RunningRelay> {
  const started = await startRelay({
    workerPath,
    folder: makeFolder(),
    migrationsFolder: join(RESOURCES, 'migrations/relay'),
    roomName: 'Room',
    // Bots come in past the limit of the room.
    maxMembers: 2,
    channels: defaultChannels(),
    ownerIdentity: null,
    port: 0,
    onCounters: () => undefined,
    onDidDie: () => undefined,
  });
  if (!started.ok) throw new Error(started.sentence);
  return started.relay;
}

function botsAt(relay: RunningRelay): { bots: Bots; states: BotsState[]; ended: Promise<BotsState> } {
  const { port, certificateSha256, admin } = relay;
  const workerPath = join(HERE, 'bots-worker.ts');
  const bots = new Bots({ workerPath, speechPath: SPEECH, relay: admin, port, certificateSha256 });
  const states: BotsState[] = [];
  const ended = new Promise<BotsState>((resolve) => {
    bots.onState((state) => {
      states.push(state);
      if (state.phase === 'done' || state.phase === 'failed') resolve(state);
    });
  });
  return { bots, states, ended };
}

/** Runs bots in this very thread, with something changed about them. */
async function runHere(
  relay: RunningRelay,
  request: BotsRequest,
  change: (ports: BotPorts) => BotPorts,
): ReturnType<StressTest['run']> {
  const { port, certificateSha256, admin } = relay;
  const ports = change(composeBots({ address: '127.0.0.1', port, certificateSha256 }));
  const test = new StressTest({ ports, request, speechPath: SPEECH, tell: () => undefined });
  const admitted = await admin.command(ACTOR, {
    kind: 'admitBots',
    identities: test.identities,
    channelName: 'Test',
  });
  if (!admitted.ok || admitted.channel === null) throw new Error('not admitted');
  const end = await test.run(admitted.channel);
  await admin.command(ACTOR, { kind: 'dismissBots' });
  return end;
}

describe.concurrent('bots at a real relay', () => {
  it('hear everything that the others say, and leave nothing behind', { timeout: 30_000 }, async () => {
    const relay = await openRelay();
    try {
      const { bots, states, ended } = botsAt(relay);
      // As the admin API steers them.
      const port: BotsPort = bots;
      expect(await port.start({ bots: 8, speakers: 3, seconds: 5, address: null }, ACTOR)).toEqual({
        ok: true,
      });
      const state = await ended;
      expect(state).toMatchObject({ phase: 'done', bots: 8, speakers: 3 });
      expect([...new Set(states.map(({ phase }) => phase))]).toEqual([
        'joining',
        'exchangingKeys',
        'speaking',
        'ending',
        'done',
      ]);
      const { summary } = bots;
      if (summary === null) throw new Error('nobody talked');
      // Three speakers of 50 frames a second.
      expect(summary.sent).toBeGreaterThan(650);
      expect(summary.sent + summary.framesLeftOut).toBeLessThan(800);
      expect(summary.expected).toBe(summary.sent * 7);
      expect(summary.received + summary.lost).toBe(summary.expected);
      expect(summary).toMatchObject({ duplicate: 0, unexpected: 0, unopened: 0 });
      expect(summary.opened + summary.notTried).toBe(summary.received);
      // A machine that others use may lose some: the balance above is what must hold.
      expect(state.totalLossPercent).toBeLessThan(5);
      expect(summary.latencyMs.p50).toBeGreaterThan(0.01);
      expect(summary.latencyMs.p50).toBeLessThan(100);
      expect(state.perBot).toHaveLength(8);
      expect(state.perBot.map(({ speaking }) => speaking)).toEqual(
        [...Array(8).keys()].map((bot) => bot < 3),
      );
      const view = await relay.admin.view();
      expect(view.members).toEqual([]);
      expect(view.channels.map(({ name }) => name)).toEqual(['Lobby']);
    } finally {
      await relay.stop('closing');
    }
  });

  it('end with a sentence when the relay dies', { timeout: 30_000 }, async () => {
    const folder = makeFolder();
    const workerPath = join(folder, 'dying-worker.mjs');
    const order = join(folder, 'die');
    const body = `import { existsSync } from 'node:fs';
      await import(${JSON.stringify(pathToFileURL(RELAY_WORKER).href)});
      setInterval(() => { if (existsSync(${JSON.stringify(order)})) throw new Error('a defect'); }, 50);`;
    writeFileSync(workerPath, body);
    const relay = await openRelay(workerPath);
    const { bots, ended } = botsAt(relay);
    bots.onState(({ phase }) => {
      if (phase === 'speaking') writeFileSync(order, '');
    });
    expect(await bots.start({ bots: 4, speakers: 2, seconds: 20, address: null }, ACTOR)).toEqual({
      ok: true,
    });
    const state = await ended;
    expect(existsSync(order), 'they spoke before').toBe(true);
    expect(state).toMatchObject({ phase: 'failed' });
    expect(state.sentence).toContain('The relay is gone');
    await bots.stop();
  });

  it('show a network that drops every twentieth datagram as 5 % loss', { timeout: 30_000 }, async () => {
    const relay = await openRelay();
    try {
      const request = { bots: 6, speakers: 2, seconds: 3, address: null };
      const { state, summary } = await runHere(relay, request, (ports) => ({
        ...ports,
        openLink: (link) => {
          let arrivals = 0;
          return ports.openLink({
            ...link,
            onVoice: (...arrival) => {
              arrivals += 1;
              if (arrivals % 20 !== 0) link.onVoice(...arrival);
            },
          });
        },
      }));
      expect(state.phase).toBe('done');
      expect(state.totalLossPercent).toBeGreaterThan(4);
      expect(state.totalLossPercent).toBeLessThan(6);
      expect(summary?.lost).toBe((summary?.expected ?? 0) - (summary?.received ?? 0));
    } finally {
      await relay.stop('closing');
    }
  });

  it('are not let in for a file that cannot be read', async () => {
    const ports = composeBots({ address: '127.0.0.1', port: 9, certificateSha256: '' });
    const request = { bots: 2, speakers: 1, seconds: 5, address: null };
    const speechPath = join(makeFolder(), 'nothing.wav');
    const { state, summary } = await new StressTest({
      ports,
      request,
      speechPath,
      tell: () => undefined,
    }).run(1);
    expect(state).toMatchObject({ phase: 'failed', joined: 0 });
    expect(state.sentence).toContain('The WAV file cannot be read');
    expect(summary).toBe(null);
  });

  it('tell of datagrams that do not open', { timeout: 30_000 }, async () => {
    const relay = await openRelay();
    try {
      const request = { bots: 4, speakers: 1, seconds: 2, address: null };
      const { summary } = await runHere(relay, request, (ports) => ({
        ...ports,
        openLink: (link) =>
          ports.openLink({
            ...link,
            onVoice: (header, bytes, lengthBytes, nowMs) => {
              const changed = Uint8Array.from(bytes.subarray(0, lengthBytes));
              changed[lengthBytes - 1] = (changed[lengthBytes - 1] ?? 0) ^ 1;
              link.onVoice(header, changed, lengthBytes, nowMs);
            },
          }),
      }));
      expect(summary?.unopened).toBeGreaterThan(200);
      expect(summary?.opened).toBe(0);
    } finally {
      await relay.stop('closing');
    }
  });
});
