import { describe, expect, it } from 'vitest';
import { assert } from '../../core/base/assert.ts';
import { bytesToBase64Url } from '../../core/base/base64url.ts';
import { Hosting, MIN_UPTIME_MS } from './hosting.ts';
import { MemorySettings } from './memory-settings.ts';
import type { HostRequest, StartHosting } from './ports.ts';

const CERTIFICATE = bytesToBase64Url(new Uint8Array(32));

function setUp() {
  const requests: HostRequest[] = [];
  const stopped: number[] = [];
  const told: string[] = [];
  let nowMs = 0;
  const pages: { channel: string; link: string }[] = [];
  let changes = 0;
  let answers: ((port: number | null) => void)[] = [];
  const startHosting: StartHosting = (request) => {
    requests.push(request);
    return new Promise((resolve) => {
      answers.push((port) => {
        const stop = async (): Promise<void> => {
          stopped.push(port ?? 0);
        };
        const openDashboard = async () =>
          ({ ok: true, link: `http://127.0.0.1:${port}/#login=once` }) as const;
        resolve(
          port === null
            ? { ok: false, sentence: 'That port is taken.' }
            : {
                ok: true,
                relay: {
                  port,
                  certificateSha256: CERTIFICATE,
                  openDashboard,
                  listeningLinks: () => pages,
                  stop,
                },
              },
        );
      });
    });
  };
  const hosting = new Hosting({
    startHosting,
    settings: new MemorySettings(),
    ownIdentity: () => 'owner',
    onDidChange: () => {
      changes += 1;
    },
    nowMs: () => nowMs,
    onDidRecover: (sentence) => told.push(sentence),
    onDidDie: (sentence) => told.push(sentence),
  });
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  /** The relay answers: open on that port, or (null) not at all. */
  const answer = (port: number | null): void => {
    for (const tell of answers) tell(port);
    answers = [];
  };
  const open = async (port: number): Promise<void> => {
    const started = hosting.start('Room', port, 'room.example');
    answer(port);
    assert((await started).ok, 'the room is open');
  };
  return { hosting, requests, stopped, told, pages, answer, open, pass, changes: () => changes };
}

describe('Hosting', () => {
  it('opens a room whose owner we are, and shows the way in', async () => {
    const { hosting, requests, open } = setUp();
    await open(4_000);
    expect(requests[0]).toMatchObject({ roomName: 'Room', port: 4_000, ownerIdentity: 'owner' });
    expect(hosting.describe()).toMatchObject({
      phase: 'on',
      port: 4_000,
      inviteLink: expect.stringContaining('sidetone://room.example:4000/?cert='),
    });
    expect(hosting.ownTarget).toMatchObject({ host: '127.0.0.1', port: 4_000 });
  });

  it('shows where its channels are heard, under the address of its invite link', async () => {
    const { hosting, requests, pages, open, changes } = setUp();
    await open(4_000);
    expect(hosting.describe()).toMatchObject({ listening: [] });
    const before = changes();
    pages.push({ channel: 'Lobby', link: 'http://room.example:48482/listen/lobby' });
    requests[0]?.onDidChangeListening();
    expect(changes()).toBe(before + 1);
    expect(hosting.describe()).toMatchObject({ listening: pages });
    expect(requests[0]?.address()).toBe('room.example');
    hosting.setAddress('192.0.2.7');
    expect(requests[0]?.address()).toBe('192.0.2.7');
    await hosting.stop();
    const after = changes();
    requests[0]?.onDidChangeListening();
    expect(changes()).toBe(after);
  });

  it('opens one at a time', async () => {
    const { hosting, answer } = setUp();
    const first = hosting.start('Room', 1, 'room.example');
    expect(hosting.describe()).toEqual({ phase: 'starting' });
    expect(await hosting.start('Room', 2, 'room.example')).toMatchObject({ ok: false });
    answer(1);
    expect(await first).toEqual({ ok: true });
    expect(await hosting.start('Room', 2, 'room.example')).toMatchObject({ ok: false });
  });

  it('says why it could not, and can try again', async () => {
    const { hosting, answer, open } = setUp();
    const first = hosting.start('Room', 1, 'room.example');
    answer(null);
    expect(await first).toEqual({ ok: false, sentence: 'That port is taken.' });
    expect(hosting.describe()).toEqual({ phase: 'off' });
    expect(await hosting.start('Room', 1, 'no address at all')).toMatchObject({ ok: false });
    await open(1);
  });

  it('does not leave a room open that was closed while it was being opened', async () => {
    const { hosting, answer, stopped, open } = setUp();
    const starting = hosting.start('Room', 1, 'room.example');
    const stopping = hosting.stop();
    answer(1);
    expect(await starting).toMatchObject({ ok: false });
    await stopping;
    expect([stopped, hosting.describe()]).toEqual([[1], { phase: 'off' }]);
    await open(2);
    expect(hosting.describe()).toMatchObject({ phase: 'on', port: 2 });
  });

  it('opens a room that went down again, on its port, and says so', async () => {
    const { hosting, requests, told, answer, open, pass } = setUp();
    await open(4_000);
    pass(MIN_UPTIME_MS);
    requests[0]?.onDidDie('out of memory');
    expect(hosting.describe()).toEqual({ phase: 'starting' });
    answer(4_000);
    await expect.poll(() => told).toEqual(['Your room went down (out of memory) and was opened again.']);
    expect(requests[1]).toMatchObject({ roomName: 'Room', port: 4_000 });
    expect(hosting.describe()).toMatchObject({ phase: 'on', port: 4_000 });
  });

  it('gives up on a room that goes down at once, or cannot be opened again', async () => {
    const { hosting, requests, told, answer, open, pass } = setUp();
    await open(1);
    pass(MIN_UPTIME_MS - 1);
    requests[0]?.onDidDie('a defect');
    expect(told.at(-1)).toContain('Open it again');
    expect(hosting.describe()).toEqual({ phase: 'off' });
    await open(1);
    pass(MIN_UPTIME_MS);
    requests[1]?.onDidDie('another defect');
    answer(null);
    await expect.poll(() => told.at(-1)).toContain('another defect');
    expect(hosting.describe()).toEqual({ phase: 'off' });
  });

  it('does not take late news of an old room for the new one', async () => {
    const { hosting, requests, told, open } = setUp();
    await open(1);
    await hosting.stop();
    await open(2);
    requests[0]?.onDidDie('late news');
    expect(hosting.describe()).toMatchObject({ port: 2 });
    expect(told).toEqual([]);
  });
});

describe('the dashboard', () => {
  it('is that of the room that is open', async () => {
    const { hosting, answer } = setUp();
    expect(await hosting.dashboardLink()).toMatchObject({ ok: false });
    const opening = hosting.start('Our room', 4_000, '192.0.2.1');
    answer(4_000);
    await opening;
    expect(await hosting.dashboardLink()).toEqual({ ok: true, link: 'http://127.0.0.1:4000/#login=once' });
  });
});
