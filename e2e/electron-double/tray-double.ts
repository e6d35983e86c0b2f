import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import type Electron from 'electron';
import { record } from './record.ts';
import { readiness } from './window-double.ts';

export class MenuDouble {
  readonly items: readonly Electron.MenuItemConstructorOptions[];

  constructor(items: readonly Electron.MenuItemConstructorOptions[]) {
    this.items = items;
  }

  static buildFromTemplate(items: readonly Electron.MenuItemConstructorOptions[]): MenuDouble {
    for (const { type, label } of items) {
      if (type !== 'separator' && !label) throw new Error('A menu item needs a label');
    }
    return new MenuDouble(items);
  }

  static setApplicationMenu(menu: MenuDouble | null): void {
    record.applicationMenu = menu === null ? 'none' : 'own';
  }
}

export class ImageDouble {
  readonly path: string;

  constructor(path: string) {
    // Electron gives an empty picture for a missing file, which shows as no tray icon at all.
    if (!existsSync(path)) throw new Error(`there is no picture ${path}`);
    this.path = path;
  }

  setTemplateImage(_on: boolean): void {}
}

export class TrayDouble extends EventEmitter {
  image: ImageDouble;
  tooltip = '';
  menu: MenuDouble | null = null;
  #destroyed = false;

  constructor(image: ImageDouble) {
    super();
    if (!readiness.ready) throw new Error('Cannot create Tray before app is ready');
    if (process.env.SIDETONE_DOUBLE_NO_TRAY === '1') throw new Error('no tray here');
    this.image = image;
    record.trays.push(this);
  }

  setImage(image: ImageDouble): void {
    this.image = image;
  }

  setToolTip(tooltip: string): void {
    this.tooltip = tooltip;
  }

  setContextMenu(menu: MenuDouble | null): void {
    this.menu = menu;
  }

  destroy(): void {
    this.#destroyed = true;
  }

  isDestroyed(): boolean {
    return this.#destroyed;
  }
}
