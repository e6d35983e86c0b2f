import { describe, expect, it } from 'vitest';
import type { OpenResult } from './audio-device.ts';
import { DeviceSide, FIRST_BLOCK_MS, MAX_RETRY_MS, STALL_MS } from './device-side.ts';

/** A side on a machine whose devices the test plugs and unplugs, with virtual time. */
class Bench {
  nowMs = 0;
  present = ['headset', 'builtin'];
  answer: OpenResult | null = null;
  readonly opened: string[] = [];
  closed = 0;
  /** Whether streams take other buffers without a break. */
  adopts = false;
  stale = 0;
  flows: boolean[] = [];
  statuses: string[] = [];
  reason = '';
  readonly side: DeviceSide;

  constructor(selectedId: string) {
    this.side = new DeviceSide({
      side: 'output',
      selectedId,
      nowMs: () => this.nowMs,
      open: async (id) => {
        this.opened.push(id);
        if (this.answer !== null) return this.answer;
        const close = async (): Promise<void> => {
          this.closed += 1;
        };
        const adopt = async (): Promise<boolean> => this.adopts;
        const latency = async () => ({ deviceMs: 3, bufferMs: 4 });
        return { ok: true, stream: { counters: { deviceXruns: 2 }, adopt, latency, close } };
      },
      onDidChangeStatus: (status, reason) => {
        this.statuses.push(status);
        this.reason = reason;
      },
      onDidFindStale: () => {
        this.stale += 1;
      },
      onDidChangeFlow: (flows) => this.flows.push(flows),
    });
    this.list();
  }

  list(): void {
    this.side.handleDevices(this.present.map((id) => ({ id, name: `The ${id}` })));
  }

  /** Time passes in steps of 100 ms; with sound, a block comes in each. */
  async run(ms: number, sound: boolean): Promise<void> {
    for (const end = this.nowMs + ms; this.nowMs < end; ) {
      this.nowMs += 100;
      await this.side.tick();
      if (sound) this.side.handleBlock();
    }
  }

  get status(): string {
    return this.statuses.at(-1) ?? '';
  }
}

describe('DeviceSide', () => {
  it('opens what was chosen and runs', async () => {
    const bench = new Bench('headset');
    await bench.run(300, true);
    expect(bench.opened).toEqual(['headset']);
    expect(bench.statuses).toEqual(['starting', 'running']);
    expect(bench.side.reopens).toBe(0);
  });

  it('uses the default while the chosen device is away, says so, and returns to it', async () => {
    const bench = new Bench('headset');
    await bench.run(300, true);
    bench.present = ['builtin'];
    bench.list();
    await bench.run(300, true);
    expect(bench.opened).toEqual(['headset', '']);
    expect(bench.status).toBe('lost');
    expect(bench.reason).toBe("“The headset” is gone; the system's default is used until it is back.");
    bench.present = ['headset', 'builtin'];
    bench.list();
    await bench.run(300, true);
    expect(bench.opened).toEqual(['headset', '', 'headset']);
    expect(bench.status).toBe('running');
    expect(bench.closed).toBe(2);
    expect(bench.side.reopens).toBe(2);
  });

  it('is content with the default that stood in, once that is what was chosen', async () => {
    const bench = new Bench('missing');
    await bench.run(300, true);
    expect(bench.status).toBe('lost');
    bench.side.select('');
    expect(bench.status).toBe('running');
    await bench.run(300, true);
    expect(bench.opened).toEqual(['']);
  });

  it('takes a device that stops giving blocks for lost, and opens it again', async () => {
    const bench = new Bench('');
    await bench.run(FIRST_BLOCK_MS + 100, true);
    await bench.run(STALL_MS, false);
    expect(bench.status).toBe('running');
    bench.answer = { ok: false, kind: 'failed', reason: 'It is busy.' };
    await bench.run(100, false);
    expect(bench.status).toBe('lost');
    expect(bench.flows).toEqual([true, false]);
    expect(bench.closed).toBe(1);
    bench.answer = null;
    await bench.run(MAX_RETRY_MS, true);
    expect(bench.status).toBe('running');
    expect(bench.side.deviceXruns).toBe(4);
  });

  it('gives a stream that was just opened longer for its first block', async () => {
    const bench = new Bench('');
    await bench.run(FIRST_BLOCK_MS, false);
    expect(bench.closed).toBe(0);
    await bench.run(300, false);
    expect(bench.closed).toBe(1);
    expect(bench.status).toBe('failed');
  });

  it('opens a stream again that ended by itself', async () => {
    const bench = new Bench('');
    await bench.run(300, true);
    bench.side.handleFailure('The speaker stopped.');
    await bench.run(300, true);
    expect(bench.statuses).toEqual(['starting', 'running', 'lost', 'running']);
    expect(bench.opened.length).toBe(2);
  });

  it('backs off to the longest pause and no further, and tries at once when a device appears', async () => {
    const bench = new Bench('');
    bench.present = [];
    bench.list();
    bench.answer = { ok: false, kind: 'absent', reason: 'This machine has no speaker.' };
    await bench.run(20_000, false);
    expect(bench.status).toBe('absent');
    expect(bench.reason).toBe('This machine has no speaker.');
    // 100, 200, 400, 800, 1600, then every 2000 ms.
    expect(bench.opened.length).toBeGreaterThanOrEqual(12);
    expect(bench.opened.length).toBeLessThanOrEqual(16);
    const tries = bench.opened.length;
    bench.answer = null;
    bench.present = ['builtin'];
    bench.list();
    await bench.run(100, true);
    expect(bench.opened.length).toBe(tries + 1);
    expect(bench.status).toBe('running');
  });

  it('says that a device is gone, not that there never was one', async () => {
    const bench = new Bench('');
    await bench.run(300, true);
    bench.present = [];
    bench.list();
    bench.side.handleFailure('The speaker stopped.');
    bench.answer = { ok: false, kind: 'absent', reason: 'This machine has no speaker.' };
    await bench.run(1_000, false);
    expect(bench.status).toBe('lost');
    expect(bench.reason).toContain('is gone');
  });

  it('asks for the streams to be closed when the library cannot see the device', async () => {
    const bench = new Bench('headset');
    bench.answer = { ok: false, kind: 'stale', reason: 'Just plugged in.' };
    await bench.run(100, false);
    expect(bench.stale).toBe(1);
    bench.answer = null;
    await bench.run(500, true);
    await bench.side.yieldToRescan();
    expect(bench.closed).toBe(1);
    await bench.run(200, true);
    expect(bench.status).toBe('running');
  });

  it('opens nothing after it was closed', async () => {
    const bench = new Bench('');
    await bench.run(300, true);
    await bench.side.close();
    await bench.run(5_000, false);
    expect(bench.opened.length).toBe(1);
    expect(bench.closed).toBe(1);
  });

  it('opens anew for other buffers where the device cannot change them, without a word to the person', async () => {
    const bench = new Bench('headset');
    await bench.run(300, true);
    const said = bench.statuses.length;
    expect(await bench.side.changeBuffers({ blockSamples: 480, queueBlocks: 1 })).toBe(false);
    await bench.run(300, true);
    expect(bench.opened).toEqual(['headset', 'headset']);
    expect(bench.closed).toBe(1);
    expect(bench.flows).toEqual([true, false, true]);
    expect(bench.statuses.length).toBe(said);
  });

  it('goes on with other buffers where the device can change them', async () => {
    const bench = new Bench('headset');
    bench.adopts = true;
    await bench.run(300, true);
    expect(await bench.side.changeBuffers({ blockSamples: 480, queueBlocks: 1 })).toBe(true);
    await bench.run(300, true);
    expect(bench.opened).toEqual(['headset']);
    expect(await bench.side.latency()).toEqual({ deviceMs: 3, bufferMs: 4 });
  });
});
