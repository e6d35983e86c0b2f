import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRelay } from './relay-host.ts';
import { defaultChannels } from './room-defaults.ts';

/** A worker that opens a door as a relay does, and dies of a defect soon after. */
const DYING_WORKER = `
import { createServer } from 'node:net';
import { parentPort } from 'node:worker_threads';
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  parentPort.postMessage({ kind: 'listening', port: server.address().port, certificateSha256: 'x' });
  setTimeout(() => { throw new Error('a defect'); }, 20);
});
`;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-host-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('startRelay', () => {
  it('tells that the relay died only when its port can be taken again', async () => {
    const workerPath = join(folder, 'worker.mjs');
    writeFileSync(workerPath, DYING_WORKER);
    let died: (reason: string) => void = () => undefined;
    const dead = new Promise<string>((resolve) => {
      died = resolve;
    });
    const started = await startRelay({
      workerPath,
      folder,
      migrationsFolder: folder,
      roomName: 'Room',
      maxMembers: 2,
      channels: defaultChannels(),
      ownerIdentity: null,
      port: 0,
      onCounters: () => undefined,
      onDidDie: (reason) => died(reason),
    });
    expect(started.ok).toBe(true);
    expect(await dead).toBe('a defect');
    const heir = createServer();
    heir.listen(started.ok ? started.relay.port : 0, '127.0.0.1');
    await once(heir, 'listening');
    heir.close();
  });
});
