import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { askHealth, healthSocketPath, healthTarget, readySentence, serveHealth } from './relay-health.ts';
import { defaultSettings } from './settings.ts';

it('answers at a socket in the data folder, also where one was left behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidetone-health-'));
  try {
    const config = { ...defaultSettings, admin: false, data_folder: folder, configPath: null };
    const path = healthSocketPath(folder);
    expect(await askHealth(healthTarget(config))).toEqual({ ready: false, sentence: 'No room runs here.' });
    writeFileSync(path, '');
    let ready = true;
    let said = readySentence(false);
    const close = await serveHealth(path, async () => ({ ready, sentence: said }));
    expect(await askHealth(healthTarget(config))).toEqual({
      ready: true,
      sentence: 'The room is open and answers.',
    });
    said = readySentence(true);
    expect(await askHealth(healthTarget(config))).toEqual({
      ready: true,
      sentence:
        'The room is open and answers. Its channels cannot be listened to from outside: the dashboard says why.',
    });
    ready = false;
    expect(await askHealth(healthTarget(config))).toEqual({
      ready: false,
      sentence: 'The room runs, but it does not answer.',
    });
    await close();
    expect((await askHealth(healthTarget(config))).sentence).toBe('No room runs here.');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('asks the admin page where there is one, on an address that can be asked', () => {
  const config = { ...defaultSettings, data_folder: '/d', configPath: null };
  expect(healthTarget(config).options).toEqual({ host: '127.0.0.1', port: 48_481 });
  expect(healthTarget({ ...config, admin_host: '::' }).options).toMatchObject({ host: '::1' });
});
