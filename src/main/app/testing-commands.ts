import type { CommandHandlers } from '../../contract/ipc.ts';
import { chaosPresets } from '../../core/chaos/chaos-presets.ts';
import type { Testing } from './testing.ts';
import { DONE } from './typed.ts';

type TestingCommands = Pick<
  CommandHandlers,
  'getChaosPresets' | 'setChaos' | 'startTrace' | 'stopTrace' | 'exportTrace' | 'replayTrace' | 'setTaps'
>;

/** The tab "Testing & Debugging". */
export function createTestingCommands(
  testing: Testing,
  countRefusal: (reason: string) => void,
): TestingCommands {
  return {
    getChaosPresets: async () => [...chaosPresets],
    async setChaos({ settings, seed }) {
      testing.setChaos(settings, seed);
      return DONE;
    },
    async startTrace() {
      testing.startTrace();
      return DONE;
    },
    async stopTrace() {
      testing.stopTrace();
      return DONE;
    },
    exportTrace: async () => testing.exportTrace(),
    async replayTrace({ text }) {
      const outcome = testing.replayTrace(text);
      if (!outcome.ok) countRefusal('trace');
      return outcome;
    },
    async setTaps({ on }) {
      const outcome = await testing.setTaps(on);
      if (!outcome.ok) countRefusal('taps');
      return outcome;
    },
  };
}
