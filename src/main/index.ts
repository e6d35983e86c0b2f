import { join } from 'node:path';
import { app as electron } from 'electron';
import { version } from '../../package.json';
import { compose } from './compose.ts';
import { claimInstance, runElectronShell } from './shell/electron/app.ts';

/** Entry of the Electron shell. */
const codeFolder = import.meta.dirname;
const givenFolder = process.env.SIDETONE_DATA_DIR;
if (givenFolder !== undefined) electron.setPath('userData', givenFolder);

if (claimInstance()) {
  const dataFolder = electron.getPath('userData');
  const resourcesPath = electron.isPackaged ? process.resourcesPath : join(codeFolder, '../../resources');
  const { app, router, close } = compose({
    version,
    shell: 'electron',
    dataFolder,
    codeFolder,
    resourcesPath,
    environment: process.env,
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
