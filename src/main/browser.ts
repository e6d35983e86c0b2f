import { join } from 'node:path';
import { version } from '../../package.json';
import { DatabaseError } from './base/sqlite/database-error.ts';
import { type Composition, compose } from './compose.ts';
import { openLink } from './shell/browser/open-link.ts';
import { runBrowserShell } from './shell/browser/shell.ts';
import { defaultDataFolder } from './store/data-folder.ts';
import { fileSecretBox } from './store/secret-box.ts';

/** Entry of the browser shell: the program under Node, its window a page on loopback. */
const codeFolder = import.meta.dirname;
const dataFolder = process.env.SIDETONE_DATA_DIR ?? defaultDataFolder(process.env, process.platform);

function build(): Composition {
  try {
    return compose({
      version,
      shell: 'browser',
      dataFolder,
      codeFolder,
      resourcesPath: join(codeFolder, '../../resources'),
      environment: process.env,
      boxes: [fileSecretBox(dataFolder)],
      storageProblem: '',
      openLink,
    });
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

const { app, router, close } = build();

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
