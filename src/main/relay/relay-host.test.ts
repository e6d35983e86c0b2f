import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RelayHostOptions, type RunningRelay, startRelay } from './relay-host.ts';
import { defaultChannels } from './room-defaults.ts';
import { TestClient } from './test-client.ts';

const migrationsFolder = join(import.meta.dirname, '../../../resources/migrations/relay');

describe('startRelay', () => {
  let folder = '';
  let path = '';
  const running: RunningRelay[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sidetone-host-'));
    path = join(folder, 'relay.db');
  });
  afterEach(async () => {
    for (const relay of running.splice(0)) await relay.stop('closing');
    rmSync(folder, { recursive: true, force: true });
  });

  function options(change: Partial<RelayHostOptions> = {}): RelayHostOptions {
    return {
      workerPath: join(import.meta.dirname, 'relay-worker.ts'),
      folder,
      migrationsFolder,
      roomName: 'Den',
      maxMembers: 10,
      channels: defaultChannels(),
      ownerIdentity: null,
      port: 0,
      onCounters: () => undefined,
      onDidDie: () => undefined,
      ...change,
    };
  }

  async function start(change: Partial<RelayHostOptions> = {}): Promise<RunningRelay> {
    const started = await startRelay(options(change));
    if (!started.ok) throw new Error(started.sentence);
    running.push(started.relay);
    return started.relay;
  }

  async function sentence(change: Partial<RelayHostOptions> = {}): Promise<string> {
    const started = await startRelay(options(change));
    if (started.ok) running.push(started.relay);
    return started.ok ? 'it started' : started.sentence;
  }

  it('opens a room in a thread, and lets go of everything when it stops', { timeout: 20_000 }, async () => {
    const relay = await start();
    const ada = new TestClient(relay.port);
    const welcome = await ada.enter('Ada');
    const left = ada.next('refused');
    await relay.stop('restarting');
    expect(await left).toMatchObject({ code: 'relayRestarting' });
    ada.close();
    expect(readdirSync(folder).sort()).toEqual(['relay-certificate.json', 'relay.db', 'relay.db.lock']);

    const second = await start({ port: relay.port });
    expect(second.certificateSha256).toBe(relay.certificateSha256);
    const again = new TestClient(second.port, ada.identity);
    const { token, resumeSecret: secret } = welcome;
    expect(await again.enter('Ada', { resume: { token, secret, chatSeen: 0 } })).toMatchObject({
      resumed: true,
    });
    again.close();
  });

  it('says in a sentence why it does not open, and opens no port', { timeout: 20_000 }, async () => {
    const first = await start();
    expect(await sentence()).toContain(`${path} is in use by another Sidetone`);
    const elsewhere = join(folder, 'elsewhere');
    expect(await sentence({ folder: elsewhere, port: first.port })).toContain(`Port ${first.port} is taken`);
    await running.pop()?.stop('closing');

    const database = new Database(path);
    const version = Number(database.pragma('user_version', { simple: true }));
    database.pragma(`user_version = ${version + 1}`);
    database.close();
    expect(await sentence()).toContain(`${path} was written by a newer version`);

    writeFileSync(path, 'no database');
    expect(await sentence()).toContain(`${path} is damaged`);
    expect(readFileSync(path, 'utf8')).toBe('no database');
    rmSync(path);
    writeFileSync(join(folder, 'relay-certificate.json'), '{');
    expect(await sentence()).toContain('relay-certificate.json is damaged');
  });
});
