import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where a program without Electron keeps its data, as each system's conventions say. */
export function defaultDataFolder(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  if (platform === 'win32')
    return join(environment.APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'Sidetone');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Sidetone');
  return join(environment.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'sidetone');
}
