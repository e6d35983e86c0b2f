import { join } from 'node:path';
import { Child } from './child.ts';
import type { PulseServer } from './pulse.ts';

/** The program that copies the microphone to the speaker. */
const LOOP_PROGRAM = join(import.meta.dirname, 'device-loop-program.ts');

/**
 * Starts a program that does nothing but copy A's microphone to B's speaker through the same device adapter and
 * with the same settings as Sidetone: what it needs is the share of the sound system.
 */
export async function startDeviceLoop(pulse: PulseServer, outputFolder: string): Promise<Child> {
  const env = { ...pulse.deviceEnv('a'), PULSE_SINK: pulse.deviceEnv('b').PULSE_SINK };
  return Child.start(process.execPath, [LOOP_PROGRAM], {
    env,
    logPath: join(outputFolder, 'device-loop.log'),
  });
}
