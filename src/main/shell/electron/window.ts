import { BrowserWindow, nativeTheme, type Session } from 'electron';
import { RENDERER_ORIGIN, RENDERER_PAGE } from './renderer-scheme.ts';

export interface MainWindowOptions {
  readonly preloadPath: string;
  readonly iconPath: string;
  /** Developer tools open only in a program that was not installed. */
  readonly devTools: boolean;
  /** Asked when the person closes the window; true keeps the program running without it. */
  readonly shouldHideOnClose: () => boolean;
  readonly onDidHide: () => void;
  /** The page crashed, hangs or went away: it cannot release what it holds. */
  readonly onPageGone: () => void;
  readonly onDidClose: () => void;
}

/** Background before the first paint, so that a dark room does not flash white. */
const BACKGROUND = { dark: '#14171c', light: '#f6f7f9' } as const;

/** What the page may ask the system for: writing to the clipboard (the invite link), nothing else. */
const GRANTED_PERMISSION = 'clipboard-sanitized-write';

/** Denies every permission but one. Sound is opened by the program itself, never by the page. */
export function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, callback) => {
    callback(permission === GRANTED_PERMISSION);
  });
  session.setPermissionCheckHandler((_contents, permission) => permission === GRANTED_PERMISSION);
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler((_request, callback) => callback({}));
}

/** Opens the program's one window on the built renderer. */
export function createMainWindow(options: MainWindowOptions): BrowserWindow {
  const window = new BrowserWindow({
    width: 960,
    height: 680,
    minWidth: 380,
    minHeight: 480,
    show: false,
    title: 'Sidetone',
    icon: options.iconPath,
    backgroundColor: nativeTheme.shouldUseDarkColors ? BACKGROUND.dark : BACKGROUND.light,
    autoHideMenuBar: true,
    webPreferences: {
      preload: options.preloadPath,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: options.devTools,
      // The talk button and the meters must not lag behind a window in the background.
      backgroundThrottling: false,
    },
  });
  const { webContents } = window;
  webContents.setWindowOpenHandler(() => ({ action: 'deny' }));
  webContents.on('will-navigate', (event) => event.preventDefault());
  webContents.on('will-frame-navigate', (event) => event.preventDefault());
  webContents.on('will-redirect', (event) => event.preventDefault());
  webContents.on('will-attach-webview', (event) => event.preventDefault());
  webContents.on('render-process-gone', (_event, details) => {
    options.onPageGone();
    if (details.reason !== 'clean-exit' && !window.isDestroyed()) webContents.reload();
  });
  window.on('unresponsive', options.onPageGone);
  window.once('ready-to-show', () => window.show());
  window.on('close', (event) => {
    if (!options.shouldHideOnClose()) return;
    event.preventDefault();
    window.hide();
    options.onPageGone();
    options.onDidHide();
  });
  window.on('closed', () => {
    options.onPageGone();
    options.onDidClose();
  });
  // A page that cannot be loaded shows as an empty window; the rejection itself says no more than that.
  window.loadURL(RENDERER_PAGE).catch(options.onPageGone);
  return window;
}

/** Whether an address belongs to the window's own pages. */
export function isOwnPage(address: string): boolean {
  return address.startsWith(`${RENDERER_ORIGIN}/`);
}

/** Brings the window before the person, wherever it was. */
export function revealWindow(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore();
  window.show();
  window.focus();
}
