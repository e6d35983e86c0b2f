import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readSettings, type Settings } from './settings-schema.ts';

const FILE_NAME = 'settings.json';

/** What the settings file of earlier versions held. */
export type SettingsFile =
  | { readonly state: 'absent' }
  | { readonly state: 'damaged' }
  | {
      readonly state: 'read';
      readonly settings: Settings;
      readonly knownRelays: [string, string][];
    };

const contentSchema = z.record(z.string(), z.unknown());
const knownRelaysSchema = z.record(z.string().max(512), z.string().max(64));

/** @throws Error when it is there and the disk refuses to give it out */
export function readSettingsFile(folder: string): SettingsFile {
  let text: string;
  try {
    text = readFileSync(join(folder, FILE_NAME), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { state: 'absent' };
    throw error;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { state: 'damaged' };
  }
  const content = contentSchema.safeParse(json);
  if (!content.success) return { state: 'damaged' };
  const known = knownRelaysSchema.safeParse(content.data.knownRelays ?? {});
  const { settings } = readSettings(content.data);
  return { state: 'read', settings, knownRelays: Object.entries(known.data ?? {}) };
}

/** Puts the file aside: nobody reads it again, and nobody's settings are thrown away. */
export function putSettingsFileAside(folder: string, ending: 'imported' | 'damaged'): void {
  const path = join(folder, FILE_NAME);
  renameSync(path, `${path}.${ending}`);
}
