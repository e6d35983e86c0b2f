import type Electron from 'electron';

/** A tray icon as the test looks at it. */
export interface RecordedTray {
  readonly image: { readonly path: string };
  readonly tooltip: string;
  readonly menu: { readonly items: readonly Electron.MenuItemConstructorOptions[] } | null;
  isDestroyed(): boolean;
}

/** What the program did to Electron's other parts. */
export const record = {
  protocolClients: [] as string[],
  schemes: [] as unknown[],
  applicationMenu: 'default',
  clipboard: '',
  notifications: [] as string[],
  trays: [] as RecordedTray[],
  channels: new Map<
    string,
    (event: { senderFrame: unknown; sender: unknown }, payload: unknown) => unknown
  >(),
};
