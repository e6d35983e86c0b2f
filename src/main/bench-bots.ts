import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchBots } from './bots/bench-bots.ts';
import { readBenchBotsOptions } from './bots/bench-options.ts';
import { startRelay } from './relay/relay-host.ts';
import { defaultChannels, MAX_HOSTED_MEMBERS } from './relay/room-defaults.ts';

/** The command was not understood. */
const EXIT_USAGE = 2;

export interface RunBenchBotsOptions {
  /** The words after `sidetone bench bots`. */
  readonly args: readonly string[];
  /** Where the built worker of that name is. */
  readonly workerPath: (name: 'bots-worker' | 'relay-worker') => string;
  readonly resourcesPath: string;
}

/**
 * Runs `sidetone bench bots`: figures go to stdout, progress and complaints to stderr. Decides nothing.
 *
 * An entry calls it with the words after `sidetone bench bots`:
 * `runBenchBots({ args: command.rest, workerPath: (name) => join(codeFolder, `${name}.js`), resourcesPath })`.
 *
 * @returns the exit code
 */
export async function runBenchBots(options: RunBenchBotsOptions): Promise<number> {
  const progress = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const read = readBenchBotsOptions(options.args);
  if (!read.ok) {
    progress(read.sentence);
    return EXIT_USAGE;
  }
  return benchBots(read.options, {
    workerPath: options.workerPath('bots-worker'),
    speechPath: join(options.resourcesPath, 'bots/speech.wav'),
    openRelay: async ({ voiceSocket, senderThreads }) => {
      const folder = await mkdtemp(join(tmpdir(), 'sidetone-bench-'));
      const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
      const started = await startRelay({
        workerPath: options.workerPath('relay-worker'),
        migrationsFolder: join(options.resourcesPath, 'migrations/relay'),
        folder,
        roomName: 'Bench',
        maxMembers: MAX_HOSTED_MEMBERS,
        channels: defaultChannels(),
        ownerIdentity: null,
        port: 0,
        voiceSocket,
        senderThreads,
        onCounters: () => undefined,
        onDidDie: (reason) => progress(`The relay died: ${reason}`),
      });
      if (!started.ok) {
        await remove();
        return started;
      }
      const { relay } = started;
      const stop = async (): Promise<void> => {
        await relay.stop('closing');
        await remove();
      };
      return { ok: true, relay: { ...relay, stop } };
    },
    print: (text) => {
      process.stdout.write(text);
    },
    progress,
    onInterrupt: (listener) => {
      process.once('SIGINT', listener);
      return () => process.off('SIGINT', listener);
    },
  });
}
