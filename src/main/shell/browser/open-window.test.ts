import { describe, expect, test } from 'vitest';
import { chooseBrowser, type Machine, noWindowSentence } from './open-window.ts';

function machine(change: Partial<Machine>, files: string[]): Machine {
  return {
    platform: 'linux',
    environment: { DISPLAY: ':0', PATH: '/usr/local/bin:/usr/bin' },
    userId: 1000,
    exists: (path) => files.includes(path),
    ...change,
  };
}

describe('the browser for the window', () => {
  test('is found on the path, Chromium first', () => {
    const files = ['/usr/bin/google-chrome', '/usr/bin/chromium'];
    expect(chooseBrowser(machine({}, files))).toEqual({ ok: true, path: '/usr/bin/chromium' });
  });

  test('is not opened without a display', () => {
    const bare = machine({ environment: { PATH: '/usr/bin' } }, ['/usr/bin/chromium']);
    expect(chooseBrowser(bare)).toEqual({ ok: false, reason: 'noDisplay' });
  });

  test('is opened on Wayland alone', () => {
    const wayland = machine({ environment: { WAYLAND_DISPLAY: 'wayland-0', PATH: '/usr/bin' } }, [
      '/usr/bin/chromium',
    ]);
    expect(chooseBrowser(wayland).ok).toBe(true);
  });

  test('is not opened for root, who would have to turn its sandbox off', () => {
    expect(chooseBrowser(machine({ userId: 0 }, ['/usr/bin/chromium']))).toEqual({
      ok: false,
      reason: 'asRoot',
    });
  });

  test('may be missing', () => {
    expect(chooseBrowser(machine({}, []))).toEqual({ ok: false, reason: 'noBrowser' });
    expect(noWindowSentence('noBrowser')).toMatch(/open the address/);
  });

  test('is found where macOS and Windows keep it', () => {
    const chrome = '/Users/ada/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
    const mac = machine({ platform: 'darwin', environment: { HOME: '/Users/ada' } }, [chrome]);
    expect(chooseBrowser(mac)).toEqual({ ok: true, path: chrome });
    const edge = 'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe';
    const environment = { 'PROGRAMFILES(X86)': 'C:\\Program Files (x86)' };
    const windows = machine({ platform: 'win32', environment, userId: undefined }, [edge]);
    expect(chooseBrowser(windows)).toEqual({ ok: true, path: edge });
  });
});
