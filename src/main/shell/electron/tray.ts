import { Menu, nativeImage, Tray } from 'electron';
import type { AppState } from '../../../contract/dto.ts';
import { type TrayActions, trayItems, trayKey, trayTooltip } from './tray-menu.ts';

/** Pictures of the program, PNG files. */
export interface ShellIcons {
  readonly window: string;
  readonly tray: string;
  readonly trayMuted: string;
}

/** The icon in the system's tray, following the state. */
export interface AppTray {
  update(state: AppState): void;
  close(): void;
}

/**
 * Puts the icon into the tray.
 *
 * @returns null where the system has no tray to offer
 */
export function createTray(icons: ShellIcons, state: AppState, actions: TrayActions): AppTray | null {
  const pictures = { open: loadPicture(icons.tray), muted: loadPicture(icons.trayMuted) };
  let tray: Tray;
  try {
    tray = new Tray(pictures.open);
  } catch {
    return null;
  }
  let shownKey = '';
  const update = (next: AppState): void => {
    const key = trayKey(next);
    if (key === shownKey || tray.isDestroyed()) return;
    shownKey = key;
    tray.setImage(next.muted || next.deafened ? pictures.muted : pictures.open);
    tray.setToolTip(trayTooltip(next));
    // Linux shows a changed item only after the whole menu was set again.
    tray.setContextMenu(Menu.buildFromTemplate(trayItems(next, actions)));
  };
  tray.on('click', () => actions.showWindow());
  update(state);
  return {
    update,
    close: () => {
      if (!tray.isDestroyed()) tray.destroy();
    },
  };
}

function loadPicture(path: string): Electron.NativeImage {
  const picture = nativeImage.createFromPath(path);
  // macOS draws template pictures in the colour of its menu bar.
  if (process.platform === 'darwin') picture.setTemplateImage(true);
  return picture;
}
