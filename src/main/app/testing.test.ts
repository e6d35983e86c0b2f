import { expect, test } from 'vitest';
import type { Testing as TestingState } from '../../contract/testing.ts';
import { CHAOS_OFF } from '../../core/chaos/chaos-settings.ts';
import type { TapMemories, TapsPort } from './ports.ts';
import { Testing } from './testing.ts';

const LOSS = { ...CHAOS_OFF, lossPercent: 5 };
const MEMORIES: TapMemories = {
  raw: new SharedArrayBuffer(8),
  processed: new SharedArrayBuffer(8),
  mix: new SharedArrayBuffer(8),
};

class ToyTaps implements TapsPort {
  state: TestingState['taps'] = { recording: false, folder: '', seconds: 0, problem: '' };
  full = false;
  readonly speakers: string[] = [];

  start(): TapMemories | null {
    if (this.full) {
      this.state = { ...this.state, problem: 'The disk is full.' };
      return null;
    }
    this.state = { recording: true, folder: 'recordings/1', seconds: 0, problem: '' };
    return MEMORIES;
  }

  addSpeaker(token: number, _memory: SharedArrayBuffer, startSample: number, name: string): void {
    this.speakers.push(`${token} ${startSample} ${name}`);
  }

  async stop(): Promise<void> {
    this.state = { ...this.state, recording: false };
  }
}

function rig() {
  const orders: string[] = [];
  const taps = new ToyTaps();
  const testing = new Testing({
    voice: {
      setChaos: (settings, seed) => orders.push(`chaos ${settings.lossPercent} ${seed}`),
      startTrace: () => orders.push('startTrace'),
      stopTrace: () => orders.push('stopTrace'),
      replayTrace: (text) => orders.push(`replay ${text === null ? 'nothing' : text.length}`),
      setTaps: (memories) => orders.push(memories === null ? 'taps off' : 'taps on'),
    },
    onDidChange: () => undefined,
  });
  return { testing, taps, orders };
}

test('everything is off at the start', () => {
  const { testing, orders } = rig();
  expect(testing.describe()).toMatchObject({
    chaos: CHAOS_OFF,
    chaosOn: false,
    trace: { phase: 'off', packets: 0 },
    taps: { recording: false },
  });
  expect(orders).toEqual([]);
});

test('chaos acts at once and is said to be on until it is off again', () => {
  const { testing, orders } = rig();
  testing.setChaos(LOSS, 7);
  expect(testing.describe()).toMatchObject({ chaosOn: true, seed: 7 });
  testing.setChaos(CHAOS_OFF, null);
  expect(testing.describe()).toMatchObject({ chaosOn: false, seed: 7 });
  expect(orders).toEqual(['chaos 5 7', 'chaos 0 7']);
});

test('a trace is recorded, kept for export, and replayed', () => {
  const { testing, orders } = rig();
  expect(testing.exportTrace()).toMatchObject({ ok: false });
  testing.startTrace();
  expect(testing.describe().trace.phase).toBe('recording');
  testing.stopTrace();
  testing.handleTrace('[1,2,null]', 3);
  expect(testing.describe().trace).toEqual({ phase: 'recorded', packets: 3 });
  expect(testing.exportTrace()).toEqual({ ok: true, text: '[1,2,null]' });
  expect(testing.replayTrace('[20,null]')).toEqual({ ok: true });
  expect(testing.describe().trace).toEqual({ phase: 'replaying', packets: 2 });
  testing.replayTrace(null);
  expect(testing.describe().trace).toEqual({ phase: 'recorded', packets: 3 });
  expect(orders).toEqual(['replay nothing', 'startTrace', 'stopTrace', 'replay 9', 'replay nothing']);
});

test('what is no trace is refused with a sentence and changes nothing', () => {
  const { testing, orders } = rig();
  const outcome = testing.replayTrace('hello');
  expect(outcome.ok).toBe(false);
  expect(!outcome.ok && outcome.sentence).toMatch(/\.$/);
  expect(testing.describe().trace.phase).toBe('off');
  expect(orders).toEqual([]);
});

test('a recording that was under way ends with the voice thread', () => {
  const { testing } = rig();
  testing.startTrace();
  testing.handleVoiceCrash();
  expect(testing.describe().trace.phase).toBe('off');
});

test('sound is recorded from one toggle to the next', async () => {
  const { testing, taps, orders } = rig();
  testing.attachTaps(taps);
  expect(await testing.setTaps(true)).toEqual({ ok: true });
  // Somebody presses twice: it goes on.
  expect(await testing.setTaps(true)).toEqual({ ok: true });
  testing.handleTapOpened(4, new SharedArrayBuffer(8), 960, 'Bob');
  await testing.setTaps(false);
  expect(taps.speakers).toEqual(['4 960 Bob']);
  expect(orders).toEqual(['taps on', 'taps off']);
});

test('a recording that cannot begin says why, and nothing is tapped', async () => {
  const { testing, taps, orders } = rig();
  testing.attachTaps(taps);
  taps.full = true;
  expect(await testing.setTaps(true)).toEqual({ ok: false, sentence: 'The disk is full.' });
  expect(orders).toEqual([]);
});

test('a recording that ended by itself no longer costs the sound threads anything', async () => {
  const { testing, taps, orders } = rig();
  testing.attachTaps(taps);
  await testing.setTaps(true);
  taps.state = { ...taps.state, recording: false, problem: 'The disk is full.' };
  testing.handleTaps();
  expect(orders).toEqual(['taps on', 'taps off']);
  expect(testing.describe().taps.problem).toBe('The disk is full.');
});
