import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MAX_KNOWN_RELAYS, SettingsStore } from './settings.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('keeps what was set from one start to the next, for the owner alone', () => {
  new SettingsStore(folder).update({ nickname: 'Ada', activation: 'open' });
  expect(new SettingsStore(folder).current).toMatchObject({ nickname: 'Ada', activation: 'open' });
  expect(statSync(join(folder, 'settings.json')).mode & 0o777).toBe(0o600);
});

it('puts a damaged file aside, says so, and starts with the defaults', () => {
  writeFileSync(join(folder, 'settings.json'), '{"nickname": "Ada"');
  const store = new SettingsStore(folder);
  expect(store.wasDamaged).toBe(true);
  expect(store.current.nickname).toBe('');
  expect(readFileSync(join(folder, 'settings.json.damaged'), 'utf8')).toContain('Ada');
});

it('remembers at most MAX_KNOWN_RELAYS relays, the newest', () => {
  const store = new SettingsStore(folder);
  const known = Object.fromEntries(
    Array.from({ length: MAX_KNOWN_RELAYS }, (_, index) => [`old${index}:1`, 'x']),
  );
  store.update({ knownRelays: known });
  store.rememberRelay('new:1', 'y');
  expect(Object.keys(store.current.knownRelays)).toHaveLength(MAX_KNOWN_RELAYS);
  expect(store.current.knownRelays['new:1']).toBe('y');
  expect(store.current.knownRelays['old0:1']).toBeUndefined();
});
