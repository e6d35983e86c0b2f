import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { version } from '../../package.json';
import { type Command, HELP, readCommandLine } from './service/command-line.ts';
import { commentedConfig } from './service/config-file.ts';
import { type ConfigResult, type RelayConfig, readRelayConfig } from './service/relay-config.ts';
import { askHealth, healthTarget } from './service/relay-health.ts';
import { defaultDataFolder } from './store/data-folder.ts';

/** Entry of `sidetone`, the program without a window: the room of a server, and measurements. */
const codeFolder = import.meta.dirname;
const resourcesPath = join(codeFolder, '../../resources');

/** The command was not understood. */
const EXIT_USAGE = 2;

/** EX_CONFIG of sysexits.h: starting again changes nothing. */
const EXIT_CONFIG = 78;

function complain(sentences: readonly string[]): void {
  for (const sentence of sentences) process.stderr.write(`${sentence}\n`);
}

function readConfig(path: string | null): ConfigResult {
  return readRelayConfig({
    path,
    environment: process.env,
    // Not the room that the desktop program hosts: both may run.
    defaultFolder: join(defaultDataFolder(process.env, process.platform), 'server'),
  });
}

async function withConfig(
  path: string | null,
  work: (config: RelayConfig) => Promise<number>,
): Promise<number> {
  const read = readConfig(path);
  if (read.ok) return work(read.config);
  complain(read.sentences);
  return EXIT_CONFIG;
}

async function relay(path: string | null): Promise<number> {
  return withConfig(path, async (config) => {
    const { runRelay } = await import('./compose-relay.ts');
    const { env: environment } = process;
    return runRelay({ config, readConfig: () => readConfig(path), environment, codeFolder, resourcesPath });
  });
}

async function health(path: string | null): Promise<number> {
  return withConfig(path, async (config) => {
    const { ready, sentence } = await askHealth(healthTarget(config));
    process.stdout.write(`${sentence}\n`);
    return ready ? 0 : 1;
  });
}

function init(path: string): number {
  if (path === '-') {
    process.stdout.write(commentedConfig());
    return 0;
  }
  try {
    writeFileSync(path, commentedConfig(), { flag: 'wx' });
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    const why = exists ? 'it is there already' : error instanceof Error ? error.message : String(error);
    complain([`${path} was not written: ${why}.`]);
    return 1;
  }
  process.stdout.write(`${path} was written. Every setting in it is a comment and shows its default.\n`);
  return 0;
}

async function bench(args: readonly string[]): Promise<number> {
  const { runBenchBots } = await import('./bench-bots.ts');
  return runBenchBots({ args, workerPath: (name) => join(codeFolder, `${name}.js`), resourcesPath });
}

async function run(command: Command): Promise<number> {
  switch (command.kind) {
    case 'help':
      process.stdout.write(HELP);
      return 0;
    case 'version':
      process.stdout.write(`${version}\n`);
      return 0;
    case 'relay':
      return relay(command.configPath);
    case 'relayHealth':
      return health(command.configPath);
    case 'relayInit':
      return init(command.path);
    case 'benchBots':
      return bench(command.rest);
  }
}

const read = readCommandLine(process.argv.slice(2));
if (read.ok) process.exit(await run(read.command));
complain([read.sentence]);
process.exit(EXIT_USAGE);
