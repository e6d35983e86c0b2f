import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ThreadNews } from './listening/listening-ports.ts';
import { WorkerThreads } from './listening-threads.ts';

/** Passes on what it is told over the port to the other thread, and does what its data says. */
const GATEWAYS = `
import { parentPort, workerData } from 'node:worker_threads';
const { room, rendererPath: mood } = workerData;
if (mood === 'taken') {
  parentPort.postMessage({ kind: 'failed', detail: 'Port 7 is taken.', takenPort: 7 });
  setInterval(() => undefined, 1_000);
} else {
  parentPort.postMessage({ kind: 'listening', webPort: workerData.webPort, rtspPort: null });
}
room.on('message', () => undefined);
parentPort.on('message', (command) => {
  if (command.kind === 'channels') room.postMessage(command.channels.length);
  if (command.kind === 'channels' && mood === 'dies') throw new Error('a defect that quotes a secret');
  if (command.kind === 'channels' && mood === 'leaves') process.exit(0);
  if (command.kind !== 'stop' || mood === 'deaf') return;
  parentPort.postMessage({ kind: 'stopped' });
  room.close();
  parentPort.close();
});
`;
const MEMBERS = `
import { parentPort, workerData } from 'node:worker_threads';
const { room } = workerData;
room.on('message', (channels) => parentPort.postMessage({ kind: 'counters', counters: { channels } }));
parentPort.on('message', (command) => {
  if (command.kind === 'stand') parentPort.postMessage({ kind: 'identity', channel: command.channel, identity: 'me' });
  if (command.kind === 'withdraw') parentPort.postMessage({ kind: 'dropped', channel: command.channel, sentence: 'Out.' });
  if (command.kind !== 'stop') return;
  parentPort.postMessage({ kind: 'stopped' });
  room.close();
  parentPort.close();
});
`;

let folder = '';
const open: WorkerThreads[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-threads-'));
  writeFileSync(join(folder, 'gateways.mjs'), GATEWAYS);
  writeFileSync(join(folder, 'members.mjs'), MEMBERS);
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((threads) => threads.stop()));
  rmSync(folder, { recursive: true, force: true });
});

function start(mood = '') {
  const told: unknown[] = [];
  const defects: string[] = [];
  const news: ThreadNews = {
    onOpen: ({ webPort }) => told.push(['open', webPort]),
    onState: () => told.push('state'),
    onIdentity: (channel, identity) => told.push(['identity', channel, identity]),
    onDropped: (channel, sentence) => told.push(['dropped', channel, sentence]),
    onMemberCounters: (counters) => told.push(counters),
    onDidEnd: (end) => told.push(end),
  };
  const threads = new WorkerThreads(
    {
      gatewaysPath: join(folder, 'gateways.mjs'),
      mixPath: join(folder, 'members.mjs'),
      gateways: {
        host: '',
        webPort: 48_482,
        rtspPort: null,
        tls: { certificatePem: '', keyPem: '' },
        visitsPerNetwork: 1,
        secretsInTheClear: false,
        rendererPath: mood,
        publicHosts: [],
        webRtcPorts: null,
        uplinks: [],
        robots: [],
      },
      mix: { address: '127.0.0.1', port: 1, certificateSha256: '' },
      onDefect: (text) => defects.push(text),
    },
    news,
  );
  open.push(threads);
  const heard = (wanted: unknown) => vi.waitFor(() => expect(told).toContainEqual(wanted), 5_000);
  return { threads, told, defects, heard };
}

describe('the two threads', () => {
  it('are joined, and tell what happens', async () => {
    const { threads, told, heard } = start();
    await heard(['open', 48_482]);
    threads.setChannels([]);
    await heard({ channels: 0 });
    threads.stand(3, 48_000, 'conversation');
    await heard(['identity', 3, 'me']);
    threads.withdraw(3);
    await heard(['dropped', 3, 'Out.']);
    const before = told.length;
    await threads.stop();
    await threads.stop();
    expect(told).toHaveLength(before);
  });

  it.each([
    ['dies', 1],
    ['leaves', 0],
  ])('both end when one %s', async (mood, defects) => {
    const rig = start(mood);
    rig.threads.setChannels([]);
    const sentence = 'Listening went down, and is started again.';
    await rig.heard({ kind: 'gatewaysDied', sentence, takenPort: null });
    expect(rig.defects).toHaveLength(defects);
    expect(JSON.stringify(rig.told)).not.toContain('secret');
    const before = rig.told.length;
    rig.threads.stand(1, 1, 'publisher');
    await rig.threads.stop();
    expect(rig.told).toHaveLength(before);
  });

  it('both end when a port cannot be had', async () => {
    const { heard, defects } = start('taken');
    await heard({ kind: 'gatewaysFailed', sentence: 'Port 7 is taken.', takenPort: 7 });
    expect(defects).toEqual([]);
  });

  it('are ended when they do not end by themselves', async () => {
    const { threads, told, heard } = start('deaf');
    await heard(['open', 48_482]);
    await threads.stop(50);
    expect(told).toEqual([['open', 48_482]]);
  });
});
