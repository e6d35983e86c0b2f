import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Peers, type PeerWatcher } from './peers.ts';

const SETTINGS = { bindAddress: '127.0.0.1', ports: null };

let peers: Peers | null = null;

afterEach(() => peers?.close());

interface Seen {
  readonly watcher: PeerWatcher;
  readonly gone: Promise<void>;
  readonly described: Promise<string>;
}

function watched(): Seen {
  const gone = Promise.withResolvers<void>();
  const described = Promise.withResolvers<string>();
  const watcher: PeerWatcher = {
    handleDescribed: (description) => described.resolve(description),
    handleConnected: () => undefined,
    handlePacket: () => undefined,
    handleGone: () => gone.resolve(),
  };
  return { watcher, gone: gone.promise, described: described.promise };
}

test('a process that cannot be had ends its connections, and is tried again later', async () => {
  let nowMs = 0;
  const processPath = join(import.meta.dirname, 'there-is-no-such-file.ts');
  peers = new Peers({ processPath, settings: SETTINGS, nowMs: () => nowMs });
  const first = watched();
  const peer = peers.open(null, first.watcher);
  expect(peer).not.toBeNull();
  await first.gone;
  peer?.send(Uint8Array.of(1));
  expect(peers.backlogBytes).toBe(0);
  expect(peers.open(null, watched().watcher)).toBeNull();
  nowMs = 5_000;
  const second = watched();
  expect(peers.open(null, second.watcher)).not.toBeNull();
  await second.gone;
  expect(peers.counters).toMatchObject({ processes: 2, processFailures: 2, peersGone: 2 });
});

test('a process that the system refuses at once is none, and throws at nobody', () => {
  let nowMs = 0;
  // No program has a name like that: it is refused before anything is started.
  peers = new Peers({ processPath: 'no\0name', settings: SETTINGS, nowMs: () => nowMs });
  expect(peers.open(null, watched().watcher)).toBeNull();
  expect(peers.open(null, watched().watcher)).toBeNull();
  nowMs = 5_000;
  expect(peers.open(null, watched().watcher)).toBeNull();
  expect(peers.counters).toMatchObject({ processes: 2, processFailures: 2, peersOpened: 0 });
});

test('our own offer is described, and after closing there is none', async () => {
  const processPath = join(import.meta.dirname, 'peer-process.ts');
  peers = new Peers({ processPath, settings: SETTINGS, nowMs: () => 0 });
  const seen = watched();
  peers.open(null, seen.watcher);
  expect(await seen.described).toMatch(
    /^v=0\r\n[\s\S]*a=candidate:1 1 UDP \d+ 127\.0\.0\.1 \d+ typ host\r\n/,
  );
  await peers.close();
  expect(peers.open(null, watched().watcher)).toBeNull();
});

test('a defect of ours at what a peer does ends that connection alone', async () => {
  const processPath = join(import.meta.dirname, 'peer-process.ts');
  peers = new Peers({ processPath, settings: SETTINGS, nowMs: () => 0 });
  const bad = watched();
  const handleDescribed = (): never => {
    throw new Error('a defect');
  };
  peers.open(null, { ...bad.watcher, handleDescribed });
  await bad.gone;
  const good = watched();
  peers.open(null, good.watcher);
  await good.described;
  expect(peers.counters).toMatchObject({ processes: 1, processFailures: 0, defects: 1, peersGone: 1 });
});

test('what the library refuses ends that connection alone', async () => {
  const processPath = join(import.meta.dirname, 'peer-process.ts');
  peers = new Peers({ processPath, settings: SETTINGS, nowMs: () => 0 });
  const bad = watched();
  peers.open('v=0\r\nm=audio what\r\n', bad.watcher);
  await bad.gone;
  const good = watched();
  peers.open(null, good.watcher);
  await good.described;
  expect(peers.counters).toMatchObject({ processes: 1, processFailures: 0, peersGone: 1 });
});
