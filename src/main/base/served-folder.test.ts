import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { ServedFolder } from './served-folder.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const closer of closers.splice(0)) closer();
});

/** A server of a folder with a few files, and a neighbour beside that folder. */
async function open(): Promise<{ readonly folder: string; readonly port: number }> {
  const parent = mkdtempSync(join(tmpdir(), 'sidetone-served-'));
  const folder = join(parent, 'files');
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'page.html'), '<p>page</p>');
  writeFileSync(join(folder, 'assets/a b.js'), '0123456789');
  writeFileSync(join(folder, '.hidden'), 'hidden');
  writeFileSync(join(parent, 'secret.txt'), 'secret');
  const files = new ServedFolder(folder);
  const server: Server = createServer((incoming, response) => {
    response.setHeader('Cache-Control', 'no-cache');
    files.serve(incoming, response, (incoming.url ?? '').replace(/\?.*$/, ''), () => {
      response.writeHead(404).end('nothing here');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.close();
    server.closeAllConnections();
    rmSync(parent, { recursive: true, force: true });
  });
  return { folder, port: (server.address() as AddressInfo).port };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** All of it came. */
  readonly complete: boolean;
}

/** Not by fetch, which straightens a path before it asks. */
function ask(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('error', () => undefined);
      answer.on('close', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(parts).toString(),
          complete: answer.complete,
        }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('ServedFolder', () => {
  test('answers with files, their types, and the headers that stood there', async () => {
    const { port } = await open();
    const page = await ask(port, '/page.html?x=1');
    expect(page).toMatchObject({ status: 200, body: '<p>page</p>' });
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'content-length': '11',
    });
    expect(await ask(port, '/assets/a%20b.js')).toMatchObject({ status: 200, body: '0123456789' });
  });

  test('HEAD, a range, and what the browser has already', async () => {
    const { port } = await open();
    const head = await ask(port, '/page.html', {}, 'HEAD');
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(head.headers['content-length']).toBe('11');
    expect(await ask(port, '/assets/a%20b.js', { Range: 'bytes=2-4' })).toMatchObject({
      status: 206,
      body: '234',
    });
    expect((await ask(port, '/assets/a%20b.js', { Range: 'bytes=20-' })).status).toBe(416);
    const etag = String(head.headers['etag']);
    expect(await ask(port, '/page.html', { 'If-None-Match': etag })).toMatchObject({ status: 304, body: '' });
  });

  test.each([
    ['a file that is none', '/none.html'],
    ['a folder', '/assets'],
    ['a folder with its slash', '/assets/'],
    ['the folder itself', '/'],
    ['what is hidden', '/.hidden'],
    ['a neighbour', '/../secret.txt'],
    ['a neighbour, written otherwise', '/%2e%2e/secret.txt'],
    ['a neighbour by the other slash', '/..%5csecret.txt'],
    ['no path of a URL', '/%zz'],
    ['a zero byte', '/page.html%00'],
    ['a name too long for a file', `/${'x'.repeat(5_000)}`],
  ])('%s is missing', async (_what, path) => {
    const { port } = await open();
    expect(await ask(port, path)).toMatchObject({ status: 404, body: 'nothing here' });
  });

  test('a file that vanishes is missing, and its neighbours are served on', async () => {
    const { folder, port } = await open();
    expect((await ask(port, '/page.html')).status).toBe(200);
    rmSync(join(folder, 'page.html'));
    expect((await ask(port, '/page.html')).status).toBe(404);
    expect((await ask(port, '/assets/a%20b.js')).status).toBe(200);
  });

  // Linux has a file that everybody may open and nobody may read from its beginning.
  test.runIf(process.platform === 'linux')(
    'a file that fails while it is read ends its own answer, and nothing else',
    async () => {
      const { folder, port } = await open();
      symlinkSync('/proc/self/mem', join(folder, 'failing.js'));
      const failing = ask(port, '/failing.js').catch(() => null);
      expect((await ask(port, '/page.html')).status).toBe(200);
      const answer = await failing;
      expect(answer?.body ?? '').toBe('');
      expect((await ask(port, '/page.html')).status).toBe(200);
    },
  );
});
