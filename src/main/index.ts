import { join } from 'node:path';
import { dialog, app as electron, safeStorage, shell } from 'electron';
import { version } from '../../package.json';
import type { SecretBox } from './base/secret-box.ts';
import { DatabaseError } from './base/sqlite/database-error.ts';
import { compose } from './compose.ts';
import { claimInstance, runElectronShell } from './shell/electron/app.ts';
import { noSystemBoxSentence, systemSecretBox } from './shell/electron/secret-box.ts';
import { fileSecretBox } from './store/secret-box.ts';

/** Entry of the Electron shell. */
const codeFolder = import.meta.dirname;
const givenFolder = process.env.SIDETONE_DATA_DIR;
if (givenFolder !== undefined) electron.setPath('userData', givenFolder);

/** The system's key store; a file of ours beside it, for what was sealed while there was none. */
async function secretBoxes(
  dataFolder: string,
): Promise<{ boxes: readonly [SecretBox, ...SecretBox[]]; storageProblem: string }> {
  const file = fileSecretBox(dataFolder);
  const system = await systemSecretBox(safeStorage, dataFolder);
  if (system.ok) return { boxes: [system.box, file], storageProblem: '' };
  return { boxes: [file], storageProblem: noSystemBoxSentence(system.reason) };
}

async function start(): Promise<void> {
  await electron.whenReady();
  const dataFolder = electron.getPath('userData');
  const resourcesPath = electron.isPackaged ? process.resourcesPath : join(codeFolder, '../../resources');
  const { app, router, close } = compose({
    version,
    shell: 'electron',
    dataFolder,
    codeFolder,
    resourcesPath,
    environment: process.env,
    openLink: (url) => void shell.openExternal(url),
    ...(await secretBoxes(dataFolder)),
  });
  const icon = (name: string): string => join(resourcesPath, 'icons', name);
  const hostPort = process.env.SIDETONE_HOST_PORT;

  runElectronShell({
    router,
    getState: () => app.getState(),
    onState: (listener) => app.onStateChanged(listener),
    onMeters: (listener) => app.onMetersChanged(listener),
    onChat: (listener) => app.onChatChanged(listener),
    notify: (severity, text) => app.notify(severity, text),
    onWindowGone: () => app.handleWindowGone(),
    rendererPath: join(codeFolder, '../renderer'),
    preloadPath: join(codeFolder, '../preload/index.cjs'),
    icons: { window: icon('icon.png'), tray: icon('tray.png'), trayMuted: icon('tray-muted.png') },
    dataFolder,
    hostPort: hostPort === undefined ? null : Number(hostPort),
    quit: close,
  });
}

if (claimInstance()) {
  start().catch((error: unknown) => {
    const reason = error instanceof DatabaseError ? error.message : String(error);
    dialog.showErrorBox('Sidetone cannot start', reason);
    electron.exit(1);
  });
}
