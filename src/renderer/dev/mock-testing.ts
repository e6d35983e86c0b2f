import type { CommandHandlers } from '../../contract/ipc.ts';
import type { Testing } from '../../contract/testing.ts';
import type { MockStage } from './mock-stage.ts';
import { someChaos, somePresets } from './some-testing.ts';

type TestingHandlers = Pick<
  CommandHandlers,
  'getChaosPresets' | 'setChaos' | 'startTrace' | 'stopTrace' | 'exportTrace' | 'replayTrace' | 'setTaps'
>;

/** How often a made-up recording grows, in ms. */
const GROW_MS = 1_000;

/** Packets of one second of talk. */
const PACKETS_PER_SECOND = 50;

/** Chaos, traces and taps of a made-up program; a trace to replay must be a list in brackets. */
export function testingHandlers(stage: MockStage): TestingHandlers {
  const change = (part: Partial<Testing>) => stage.change({ testing: { ...stage.state.testing, ...part } });
  setInterval(() => {
    const { trace, taps } = stage.state.testing;
    if (trace.phase === 'recording')
      void change({ trace: { ...trace, packets: trace.packets + PACKETS_PER_SECOND } });
    if (taps.recording) void change({ taps: { ...taps, seconds: taps.seconds + GROW_MS / 1_000 } });
  }, GROW_MS);
  const packets = (): number => stage.state.testing.trace.packets;
  return {
    getChaosPresets: () => Promise.resolve(somePresets),
    setChaos: ({ settings, seed }) =>
      change({
        chaos: settings,
        chaosOn: JSON.stringify(settings) !== JSON.stringify(someChaos()),
        ...(seed === null ? {} : { seed }),
      }),
    startTrace: () => change({ trace: { phase: 'recording', packets: 0 } }),
    stopTrace: () => change({ trace: { phase: 'recorded', packets: packets() } }),
    exportTrace: () => Promise.resolve({ ok: true, text: '[20.1, 20.4, null, 21.7]\n' }),
    replayTrace: ({ text }) => {
      if (text === null) return change({ trace: { phase: 'off', packets: 0 } });
      if (!text.trim().startsWith('[')) return stage.refuse('This file is no trace that Sidetone can read.');
      return change({ trace: { phase: 'replaying', packets: text.split(',').length } });
    },
    setTaps: ({ on }) =>
      change({
        taps: on
          ? {
              recording: true,
              folder: '/home/ada/Sidetone/taps/2026-11-21 10-04-31',
              seconds: 0,
              problem: '',
            }
          : { ...stage.state.testing.taps, recording: false },
      }),
  };
}
