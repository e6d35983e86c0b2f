import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findNativeFolder, loadNativeAddon, notifySystemd } from './native-addon.ts';

const scratch = mkdtempSync(join(tmpdir(), 'sidetone-native-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const FILE = 'sidetone-udp.node';
const PREBUILD = join('prebuilds', `${process.platform}-${process.arch}`);

function makeFolder(name: string, ...folders: string[]): string {
  for (const folder of folders) mkdirSync(join(scratch, name, folder), { recursive: true });
  return join(scratch, name);
}

/** A service manager that waits for one word. Node has no datagram sockets of that family; node-gyp needs Python too. */
async function listenOnce(socketName: string): Promise<{ heard: Promise<string> }> {
  const program = `
import socket, sys
name = sys.argv[1]
listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listening.settimeout(5)
listening.bind("\\0" + name[1:] if name.startswith("@") else name)
print("ready", flush=True)
print(listening.recv(4096).decode(), end="")
`;
  const child = spawn('python3', ['-c', program, socketName], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  const ended = new Promise<string>((resolve) => {
    child.once('close', () => resolve(text.replace(/^ready\n/, '')));
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.stdout.on('data', (part) => {
      text += part;
      resolve();
    });
  });
  return { heard: ended };
}

describe.runIf(process.platform === 'linux')('loadNativeAddon', () => {
  it('loads what was built here', () => {
    expect(findNativeFolder()).not.toBeNull();
    const load = loadNativeAddon();
    expect(load).toMatchObject({ ok: true });
  });

  it('prefers what came with the program', () => {
    const folder = makeFolder('packaged', PREBUILD, 'build/Release');
    const built = loadNativeAddon();
    if (!built.ok) throw new Error(built.reason);
    cpSync(built.path, join(folder, PREBUILD, FILE));
    writeFileSync(join(folder, 'build', 'Release', FILE), 'no program');
    expect(loadNativeAddon(folder)).toMatchObject({ ok: true, path: join(folder, PREBUILD, FILE) });
  });

  it('says why there is none', () => {
    expect(loadNativeAddon(null)).toEqual({
      ok: false,
      reason: 'the native addon did not come with the program',
    });
    expect(loadNativeAddon(makeFolder('empty', '.'))).toEqual({
      ok: false,
      reason: 'the native addon is not built',
    });
    const broken = makeFolder('broken', 'build/Release');
    writeFileSync(join(broken, 'build', 'Release', FILE), 'no program');
    expect(loadNativeAddon(broken)).toMatchObject({
      ok: false,
      reason: expect.stringContaining('cannot be loaded'),
    });
  });
});

describe.runIf(process.platform === 'linux')('notifySystemd', () => {
  it.each([join(scratch, 'notify.socket'), `@sidetone-test-${process.pid}`])('reaches %s', async (name) => {
    const { heard } = await listenOnce(name);
    expect(notifySystemd('READY=1\nSTATUS=Open', name)).toBe('sent');
    expect(await heard).toBe('READY=1\nSTATUS=Open');
  });

  it('says when nobody asked, nobody listens, or nothing can be sent', () => {
    expect(notifySystemd('READY=1', '')).toBe('notAService');
    expect(notifySystemd('READY=1', join(scratch, 'nobody.socket'))).toBe('failed');
    expect(notifySystemd('READY=1', `/${'x'.repeat(200)}`)).toBe('failed');
    expect(notifySystemd('READY=1', 'relative')).toBe('failed');
    expect(notifySystemd('READY=1', join(scratch, 'nobody.socket'), null)).toBe('noAddon');
  });
});
