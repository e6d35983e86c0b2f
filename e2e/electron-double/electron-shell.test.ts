import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import { commandSchemas } from '../../src/contract/ipc.ts';
import { freePort } from '../rig/free-port.ts';
import { BootedApp, type BootOptions, until } from './booted-app.ts';

const booted: BootedApp[] = [];

function boot(options?: BootOptions): BootedApp {
  const app = new BootedApp(options);
  booted.push(app);
  return app;
}

afterEach(async () => {
  await Promise.all(booted.splice(0).map((app) => app.dispose()));
});

/** Whether something accepts TCP connections on a port of this machine. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const finish = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}

async function trayItem(app: BootedApp, id: string) {
  const { tray } = await app.ask('snapshot');
  return tray?.items.find((item) => item.id === id) ?? null;
}

/** Hosts a room from the tray; gives the invite link that "Copy invite" put on the clipboard. */
async function hostFromTray(app: BootedApp): Promise<string> {
  await app.ask('clickTray', 'host');
  await until(async () => ((await trayItem(app, 'copyInvite'))?.enabled ? true : null), 'the room to open');
  await app.ask('clickTray', 'copyInvite');
  return (await app.ask('snapshot')).clipboard;
}

/** Two copies of one person's program have one nickname; a room takes it once. A join that leads nowhere sets it. */
async function useNickname(app: BootedApp, nickname: string): Promise<void> {
  await app.invoke('join', { target: '', nickname, password: null });
  expect((await app.state()).nickname).toBe(nickname);
}

/** Hosts from the tray with a link that leads to this machine. */
async function hostLocally(): Promise<{ host: BootedApp; link: string }> {
  const port = await freePort();
  const host = await boot({ env: { SIDETONE_HOST_PORT: String(port) } }).opened();
  await hostFromTray(host);
  await host.invoke('setInviteAddress', { address: '127.0.0.1' });
  await host.ask('clickTray', 'copyInvite');
  const link = (await host.ask('snapshot')).clipboard;
  expect(link).toContain(`127.0.0.1:${port}`);
  return { host, link };
}

const connectedMembers = (app: BootedApp, count: number) =>
  until(async () => {
    const { connection, members } = await app.state();
    return connection.phase === 'connected' && members.length === count ? members : null;
  }, `${count} members`);

describe('window', () => {
  test('opens on our own scheme, isolated and sandboxed', async () => {
    const app = await boot().opened();
    const { windows, schemes, applicationMenu } = await until(async () => {
      const snapshot = await app.ask('snapshot');
      return snapshot.windows[0]?.visible ? snapshot : null;
    }, 'the window to show');
    expect(windows[0]?.url).toBe('sidetone-window://app/index.html');
    expect(windows[0]?.webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      preload: expect.stringMatching(/out\/preload\/index\.cjs$/),
    });
    expect(schemes).toEqual([expect.objectContaining({ scheme: 'sidetone-window' })]);
    expect(applicationMenu).toBe('none');
  });

  test('is served the built page under a strict policy, and nothing from outside of its folder', async () => {
    const app = await boot().opened();
    const page = await app.ask('fetchPage', 'sidetone-window://app/index.html');
    expect(page.status).toBe(200);
    expect(page.body).toContain('<div id="root">');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.headers['content-security-policy']).not.toContain('unsafe');
    for (const path of [
      'app/../main/index.js',
      'app/%2e%2e/main/index.js',
      'app/..%2fmain/index.js',
      'other/index.html',
    ]) {
      expect((await app.ask('fetchPage', `sidetone-window://${path}`)).status).toBe(404);
    }
  });

  test('reaches no network', async () => {
    const app = await boot().opened();
    expect(await app.ask('wouldCancel', 'sidetone-window://app/index.html')).toBe(false);
    for (const url of [
      'https://example.org/',
      'http://127.0.0.1/',
      'ws://127.0.0.1/',
      'file:///etc/passwd',
    ]) {
      expect(await app.ask('wouldCancel', url)).toBe(true);
    }
  });

  test('can neither navigate, nor open windows, nor attach webviews', async () => {
    const app = await boot().opened();
    const { prevented, popup } = await app.ask('escape', 'https://example.org/');
    expect(prevented).toEqual({
      'will-navigate': true,
      'will-frame-navigate': true,
      'will-redirect': true,
      'will-attach-webview': true,
    });
    expect(popup).toBe('deny');
  });

  test('is granted one permission: to write to the clipboard', async () => {
    const app = await boot().opened();
    for (const name of [
      'media',
      'geolocation',
      'notifications',
      'clipboard-read',
      'display-capture',
      'usb',
    ]) {
      expect(await app.ask('permission', name)).toEqual({ requested: false, checked: false, device: false });
    }
    expect(await app.ask('permission', 'clipboard-sanitized-write')).toMatchObject({
      requested: true,
      checked: true,
    });
  });

  test('loads again after its page crashed', async () => {
    const app = await boot().opened();
    await app.ask('crashPage');
    expect((await app.ask('snapshot')).windows[0]?.reloads).toBe(1);
  });
});

describe('commands', () => {
  test('there is one channel for each command of the contract, and no other', async () => {
    const app = await boot().opened();
    const { channels } = await app.ask('snapshot');
    expect(channels.sort()).toEqual(
      Object.keys(commandSchemas)
        .map((name) => `command:${name}`)
        .sort(),
    );
  });

  test('are taken from our page alone', async () => {
    const app = await boot().opened();
    expect((await app.state()).shell).toBe('electron');
    for (const frame of ['sub', 'gone', 'foreign'] as const) {
      expect(await app.invoke('setMuted', { muted: true }, frame)).toMatchObject({ ok: false });
    }
  });

  test('are refused with a sentence where the payload is wrong', async () => {
    const app = await boot().opened();
    expect(await app.invoke('setMuted', { muted: 'very' })).toEqual({
      ok: false,
      message: expect.stringMatching(/setMuted/),
    });
    expect((await app.state()).muted).toBe(false);
  });

  test('change the state, which the window is told', async () => {
    const app = await boot().opened();
    await app.invoke('setMuted', { muted: true });
    const state = await until(async () => {
      const { last } = await app.ask('sent');
      return last['event:stateChanged'] ?? null;
    }, 'a state');
    expect(state).toMatchObject({ muted: true });
  });
});

describe('tray', () => {
  test('offers hosting, the invite, mute, deafen and quit', async () => {
    const app = await boot().opened();
    const { tray } = await app.ask('snapshot');
    expect(tray?.items.map(({ id, enabled, checked }) => [id, enabled, checked])).toEqual([
      ['show', true, false],
      ['host', true, false],
      ['copyInvite', false, false],
      ['mute', true, false],
      ['deafen', true, false],
      ['quit', true, false],
    ]);
    expect(tray?.tooltip).toMatch(/in no room/);
  });

  test.each(['mute', 'deafen'])('follows %s, and back', async (id) => {
    const app = await boot().opened();
    const before = (await app.ask('snapshot')).tray?.image;
    for (const checked of [true, false]) {
      await app.ask('clickTray', id);
      await until(
        async () => ((await trayItem(app, id))?.checked === checked ? true : null),
        `${id} ${checked}`,
      );
      const image = (await app.ask('snapshot')).tray?.image;
      expect(image === before).toBe(!checked);
      const state = await app.state();
      expect(id === 'mute' ? state.muted : state.deafened).toBe(checked);
    }
  });

  test('hosts a room that answers, and closes it again', async () => {
    const port = await freePort();
    const app = await boot({ env: { SIDETONE_HOST_PORT: String(port) } }).opened();
    expect(await answers(port)).toBe(false);
    const invite = await hostFromTray(app);
    expect(invite).toMatch(/^sidetone:\/\//);
    expect(await answers(port)).toBe(true);
    await connectedMembers(app, 1);
    await until(
      async () => ((await app.ask('snapshot')).tray?.tooltip.includes('1 person') ? true : null),
      'tooltip',
    );
    await app.ask('clickTray', 'stopHosting');
    await until(async () => ((await answers(port)) ? null : true), 'the room to close');
    expect((await trayItem(app, 'copyInvite'))?.enabled).toBe(false);
  });

  test('says in the window why a room could not be opened', async () => {
    const port = await freePort();
    const first = await boot({ env: { SIDETONE_HOST_PORT: String(port) } }).opened();
    await hostFromTray(first);
    const second = await boot({ env: { SIDETONE_HOST_PORT: String(port) } }).opened();
    await second.ask('clickTray', 'host');
    const notice = await until(
      async () => (await second.state()).notices.find(({ severity }) => severity === 'error') ?? null,
      'a notice',
    );
    expect(notice.text).toMatch(/port/i);
    expect((await connectedMembers(first, 1)).length).toBe(1);
  });
});

describe('invite links', () => {
  test('one among the arguments of the first start joins, from a second copy', async () => {
    const { host, link } = await hostLocally();
    const before = await boot().opened();
    await useNickname(before, 'Guest');
    await before.ask('quit').catch(() => {});
    expect(await before.ended()).toBe(0);

    const guest = await boot({ args: [link], dataFolder: before.dataFolder }).opened();
    expect((await guest.ask('snapshot')).protocolClients).toEqual(['sidetone']);
    const members = await connectedMembers(host, 2);
    expect(members.map(({ nickname }) => nickname)).toContain('Guest');
    await connectedMembers(guest, 2);
  });

  test.each(['second-instance', 'open-url'] as const)('one that comes by %s joins', async (way) => {
    const { link } = await hostLocally();
    const guest = await boot().opened();
    await useNickname(guest, 'Guest');
    await guest.ask('closeWindow');
    if (way === 'open-url') expect(await guest.ask('openUrl', link)).toBe(true);
    else await guest.ask('secondInstance', ['/usr/bin/sidetone', '--flag', link]);
    await connectedMembers(guest, 2);
    expect((await guest.ask('snapshot')).windows[0]).toMatchObject({ visible: true, focused: true });
  });

  test('a damaged one is answered in the window', async () => {
    const app = await boot({ args: ['sidetone://127.0.0.1:1/?cert=damaged'] }).opened();
    const notices = await until(async () => {
      const state = await app.state();
      return state.notices.length > 0 ? state.notices : null;
    }, 'a notice');
    expect(notices[0]?.severity).toBe('error');
  });
});

describe('life', () => {
  test('closing the window keeps the program in the tray, says so once, and another start brings it back', async () => {
    const app = await boot().opened();
    await app.ask('closeWindow');
    let snapshot = await app.ask('snapshot');
    expect(snapshot.windows).toEqual([expect.objectContaining({ visible: false })]);
    expect(snapshot.notifications).toEqual(['Sidetone is still running']);
    await app.ask('secondInstance', ['/usr/bin/sidetone']);
    await until(async () => ((await app.ask('snapshot')).windows[0]?.visible ? true : null), 'the window');
    await app.ask('closeWindow');
    await app.ask('clickTray', 'show');
    snapshot = await app.ask('snapshot');
    expect(snapshot.windows[0]?.visible).toBe(true);
    expect(snapshot.notifications).toHaveLength(1);
  });

  test('a held talk button is released when the window is closed', async () => {
    const { host: app } = await hostLocally();
    await connectedMembers(app, 1);
    await app.invoke('setActivation', { activation: 'pushToTalk' });
    expect((await app.state()).transmitting).toBe(false);
    await app.invoke('setTalkButton', { down: true });
    await until(async () => ((await app.state()).transmitting ? true : null), 'the microphone to open');
    await app.ask('closeWindow');
    await until(async () => ((await app.state()).transmitting ? null : true), 'the microphone to close');
  });

  test('without a tray, closing the window ends the program', async () => {
    const app = await boot({ env: { SIDETONE_DOUBLE_NO_TRAY: '1' } }).opened();
    expect((await app.ask('snapshot')).tray).toBeNull();
    await app.ask('closeWindow').catch(() => {});
    expect(await app.ended()).toBe(0);
  });

  test('quit closes the room and ends the program', async () => {
    const port = await freePort();
    const app = await boot({ env: { SIDETONE_HOST_PORT: String(port) } }).opened();
    await hostFromTray(app);
    await app.ask('clickTray', 'quit').catch(() => {});
    expect(await app.ended()).toBe(0);
    expect(await answers(port)).toBe(false);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it cleanly', async (signal) => {
    const app = await boot().opened();
    app.signal(signal);
    expect(await app.ended()).toBe(0);
  });

  test('a second start on the same data ends at once', async () => {
    const app = boot({ env: { SIDETONE_DOUBLE_LOCKED: '1' } });
    expect(await app.ended()).toBe(0);
    expect(app.output).toBe('');
  });
});

describe('the identity', () => {
  test("is sealed by the system's key store, and the same after a restart", async () => {
    const first = await boot().opened();
    const { identity } = await first.state();
    expect(identity).toMatchObject({ storage: 'system', problem: '' });
    first.signal('SIGTERM');
    expect(await first.ended()).toBe(0);
    const second = await boot({ dataFolder: first.dataFolder }).opened();
    expect((await second.state()).identity).toEqual(identity);
  });

  test('goes into a file where there is no key store, and the person is told', async () => {
    const app = await boot({ env: { SIDETONE_DOUBLE_NO_KEYS: '1' } }).opened();
    const { identity } = await app.state();
    expect(identity.storage).toBe('file');
    expect(identity.problem).toMatch(/file that only your account may read/);
  });

  test('is not replaced when the key store is gone: the person goes by another one meanwhile', async () => {
    const first = await boot().opened();
    const { identity } = await first.state();
    first.signal('SIGTERM');
    await first.ended();
    const { dataFolder } = first;
    const without = await boot({ dataFolder, env: { SIDETONE_DOUBLE_NO_KEYS: '1' } }).opened();
    const stranger = (await without.state()).identity;
    expect(stranger.publicKey).not.toBe(identity.publicKey);
    expect(stranger.problem).toMatch(/cannot be opened/);
    without.signal('SIGTERM');
    await without.ended();
    const again = await boot({ dataFolder }).opened();
    expect((await again.state()).identity.publicKey).toBe(identity.publicKey);
  });

  test('a database of a later version stops the start with a sentence, untouched', async () => {
    const first = await boot().opened();
    first.signal('SIGTERM');
    await first.ended();
    const path = join(first.dataFolder, 'client.db');
    const database = new Database(path);
    database.pragma('user_version = 9999');
    database.close();
    const before = readFileSync(path);
    const app = boot({ dataFolder: first.dataFolder });
    expect(await app.ended()).toBe(1);
    expect(app.output).toMatch(/newer version of Sidetone/);
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});
