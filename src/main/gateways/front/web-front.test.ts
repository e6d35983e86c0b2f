import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HeadLimits } from './head-limits.ts';
import { refuse, WebFront } from './web-front.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Both ends of a connection on loopback. */
async function pair(): Promise<{ near: Socket; far: Socket; close: () => void }> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: false });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const far = connect({ port: address.port, host: '127.0.0.1', allowHalfOpen: true });
  const [near] = (await once(server, 'connection')) as [Socket];
  far.on('error', () => undefined);
  near.on('error', () => undefined);
  const close = (): void => {
    far.destroy();
    near.destroy();
    server.close();
  };
  return { near, far, close };
}

test('a head of HTTP that does not end is waited for, and then no longer', async () => {
  const { near, far, close } = await pair();
  const front = new WebFront([]);
  front.handleConnection(near, { address: '127.0.0.1', secure: false, private: true });
  far.write('GET /stream/music.ogg HTTP/1.1\r\nX-Slow: ');
  // What came is handed to HTTP in the same turn in which it is read.
  await vi.waitFor(() => expect(near.bytesRead).toBeGreaterThan(0));
  vi.advanceTimersByTime(9_000);
  expect(near.destroyed).toBe(false);
  vi.advanceTimersByTime(2_000);
  expect(near.destroyed).toBe(true);
  expect(front.counters.headTooSlow).toBe(1);
  close();
});

test('a further head has its time from the answer before it on; an answer that is under way has none', () => {
  let cut = 0;
  const limits = new HeadLimits(10, 25, () => {
    cut += 1;
  });
  const socket = new PassThrough() as unknown as Socket;
  limits.handleConnection(socket);
  vi.advanceTimersByTime(9);
  limits.handleRequest(socket);
  limits.handleRequest(socket);
  vi.advanceTimersByTime(1_000);
  limits.handleAnswered(socket);
  vi.advanceTimersByTime(1_000);
  expect(cut).toBe(0);
  limits.handleAnswered(socket);
  vi.advanceTimersByTime(24);
  expect(socket.destroyed).toBe(false);
  vi.advanceTimersByTime(1);
  expect(socket.destroyed).toBe(true);
  expect(cut).toBe(1);
});

test('an answer that is complete is to be taken, and only then', async () => {
  const { near, far, close } = await pair();
  let end = (): void => undefined;
  const front = new WebFront([
    {
      name: 'slow',
      handleRequest: (_web, response) => {
        response.write('x');
        end = () => response.end(Buffer.alloc(50_000_000));
        return true;
      },
      counters: () => ({}),
      close: () => Promise.resolve(),
    },
  ]);
  front.handleConnection(near, { address: '127.0.0.1', secure: false, private: true });
  far.pause();
  far.write('GET / HTTP/1.1\r\nHost: relay.invalid\r\n\r\n');
  await vi.waitFor(() => expect(front.counters.requests).toBe(1));
  expect(near.timeout ?? 0).toBe(0);
  end();
  expect(near.timeout).toBe(30_000);
  close();
});

test('a peer that was refused and keeps its half of the connection is hung up on', async () => {
  const { near, far, close } = await pair();
  refuse(near, '404 Not Found', 'There is nothing.');
  const [answer] = (await once(far, 'data')) as [Buffer];
  expect(answer.toString()).toContain('404 Not Found');
  await once(far, 'end');
  expect(near.destroyed).toBe(false);
  vi.advanceTimersByTime(2_000);
  expect(near.destroyed).toBe(true);
  close();
});
