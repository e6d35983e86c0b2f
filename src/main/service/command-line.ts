import { parseArgs } from 'node:util';
import { nearestName } from './nearest-name.ts';

/** What somebody wants done. Paths are null where none was given. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'relay'; readonly configPath: string | null }
  | { readonly kind: 'relayHealth'; readonly configPath: string | null }
  /** `-`: to the terminal. */
  | { readonly kind: 'relayInit'; readonly path: string }
  /** `rest`: its own options. */
  | { readonly kind: 'benchBots'; readonly rest: readonly string[] };

export type CommandResult =
  | { readonly ok: true; readonly command: Command }
  | { readonly ok: false; readonly sentence: string };

/** Where `relay init` writes when nobody says. */
const DEFAULT_INIT_PATH = 'relay.toml';

export const HELP = `Sidetone runs a voice room on this machine.

  sidetone relay [--config FILE]         run the room until it is stopped
  sidetone relay init [FILE]             write a config file with comments (${DEFAULT_INIT_PATH}; - prints it)
  sidetone relay health [--config FILE]  ask the room that runs here whether all is well: exit code 0 or 1
  sidetone bench bots [OPTION...]        let bots talk through a room on this machine, and measure
  sidetone --version
  sidetone --help

While the room runs:
  SIGTERM, SIGINT  stop for a restart: members keep their places for two minutes and come back by themselves
  SIGQUIT          close the room: members are told that it is over
  SIGHUP           read the settings again (at a terminal: stop, as it was closed)
  A second signal to stop ends the program at once.

Exit codes: 0 all went well, 1 it did not, 2 the command was not understood, 78 a setting cannot be used.
`;

/** Everything after `sidetone`, for suggestions. */
const WORDS = ['relay', 'bench'] as const;
const RELAY_WORDS = ['init', 'health'] as const;

const OPTIONS = {
  config: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

function refuse(sentence: string): CommandResult {
  return { ok: false, sentence: `${sentence} "sidetone --help" shows what there is.` };
}

function refuseWord(word: string, words: readonly string[]): CommandResult {
  const meant = nearestName(word, words);
  return refuse(`There is no command "${word}".${meant === null ? '' : ` Did you mean "${meant}"?`}`);
}

function refuseOption(option: string): CommandResult {
  const meant = nearestName(option.replace(/^-+/, ''), Object.keys(OPTIONS));
  return refuse(`There is no option ${option}.${meant === null ? '' : ` Did you mean --${meant}?`}`);
}

/** Reads the arguments after the program's name. Never throws; what is not understood is refused in a sentence. */
export function readCommandLine(args: readonly string[]): CommandResult {
  // The options of the bots are theirs.
  if (args[0] === 'bench' && args[1] === 'bots' && !args.includes('--help'))
    return { ok: true, command: { kind: 'benchBots', rest: args.slice(2) } };
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: OPTIONS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    if (!Object.hasOwn(OPTIONS, token.name)) return refuseOption(token.rawName);
    if (token.name === 'config' && (token.value ?? '') === '')
      return refuse('--config needs the path of a file after it.');
    if (token.name !== 'config' && token.value !== undefined)
      return refuse(`${token.rawName} takes no value.`);
  }
  if (values.help === true) return { ok: true, command: { kind: 'help' } };
  if (values.version === true) return { ok: true, command: { kind: 'version' } };
  return readWords(positionals, typeof values.config === 'string' ? values.config : null);
}

function readWords(words: readonly string[], configPath: string | null): CommandResult {
  const [first, second, third, fourth] = words;
  if (first === undefined) return refuse('Say what to do, for example "sidetone relay".');
  if (first === 'bench')
    return second === undefined
      ? refuse('Say what to measure: "sidetone bench bots".')
      : refuseWord(second, ['bots']);
  if (first !== 'relay') return refuseWord(first, WORDS);
  if (second === undefined) return { ok: true, command: { kind: 'relay', configPath } };
  if (second === 'init') {
    if (configPath !== null) return refuse('"sidetone relay init" takes the path without --config.');
    if (fourth !== undefined) return refuse(`"${fourth}" is one word too many.`);
    return { ok: true, command: { kind: 'relayInit', path: third ?? DEFAULT_INIT_PATH } };
  }
  if (second !== 'health') return refuseWord(second, RELAY_WORDS);
  if (third !== undefined) return refuse(`"${third}" is one word too many.`);
  return { ok: true, command: { kind: 'relayHealth', configPath } };
}
