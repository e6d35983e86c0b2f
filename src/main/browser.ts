import { join } from 'node:path';
import { version } from '../../package.json';
import { compose } from './compose.ts';
import { runBrowserShell } from './shell/browser/shell.ts';
import { defaultDataFolder } from './store/data-folder.ts';

/** Entry of the browser shell: the program under Node, its window a page on loopback. */
const codeFolder = import.meta.dirname;
const dataFolder = process.env.SIDETONE_DATA_DIR ?? defaultDataFolder(process.env, process.platform);

const { app, router, close } = compose({
  version,
  shell: 'browser',
  dataFolder,
  codeFolder,
  resourcesPath: join(codeFolder, '../../resources'),
  environment: process.env,
});

await runBrowserShell({
  router,
  getState: () => app.getState(),
  onState: (listener) => app.onStateChanged(listener),
  onMeters: (listener) => app.onMetersChanged(listener),
  onChat: (listener) => app.onChatChanged(listener),
  notify: (severity, text) => app.notify(severity, text),
  onWindowGone: () => app.handleWindowGone(),
  rendererPath: join(codeFolder, '../renderer'),
  dataFolder,
  open: !process.argv.includes('--no-open'),
  quit: close,
});
