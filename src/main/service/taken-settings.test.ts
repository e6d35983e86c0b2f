import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { TakenSettings } from './taken-settings.ts';

it('remembers what the room was given, and forgets what nobody can read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidetone-taken-'));
  try {
    const path = join(folder, 'taken.json');
    const taken = new TakenSettings(path);
    expect(taken.read()).toBeNull();
    taken.write({ room_name: 'Room', max_members: 7 });
    expect(taken.read()).toEqual({ room_name: 'Room', max_members: 7 });
    writeFileSync(path, '{"room_name": 3');
    expect(taken.read()).toBeNull();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
