import { describe, expect, it } from 'vitest';
import { readCommandLine } from './command-line.ts';

function command(...args: string[]) {
  const result = readCommandLine(args);
  return result.ok ? result.command : result.sentence;
}

describe('readCommandLine', () => {
  it('reads the commands', () => {
    expect(command('relay')).toEqual({ kind: 'relay', configPath: null });
    expect(command('relay', '--config', 'a.toml')).toEqual({ kind: 'relay', configPath: 'a.toml' });
    expect(command('relay', 'health', '--config=b')).toEqual({ kind: 'relayHealth', configPath: 'b' });
    expect(command('relay', 'init')).toEqual({ kind: 'relayInit', path: 'relay.toml' });
    expect(command('relay', 'init', '-')).toEqual({ kind: 'relayInit', path: '-' });
    expect(command('bench', 'bots', '--bots', '9')).toEqual({ kind: 'benchBots', rest: ['--bots', '9'] });
    expect(command('relay', '-h')).toEqual({ kind: 'help' });
    expect(command('bench', 'bots', '--help')).toEqual({ kind: 'help' });
    expect(command('--version')).toEqual({ kind: 'version' });
  });

  it.each([
    [[], 'Say what to do'],
    [['rely'], 'Did you mean "relay"?'],
    [['relay', 'heath'], 'Did you mean "health"?'],
    [['bench'], 'bench bots'],
    [['bench', 'bot'], 'Did you mean "bots"?'],
    [['relay', '--confg', 'x'], 'There is no option --confg. Did you mean --config?'],
    [['relay', '-x'], 'There is no option -x.'],
    [['relay', '--config'], 'needs the path of a file'],
    [['--version=3'], 'takes no value'],
    [['relay', 'health', 'now'], '"now" is one word too many'],
    [['relay', 'init', 'a', 'b'], '"b" is one word too many'],
    [['frobnicate'], 'There is no command "frobnicate". "sidetone --help"'],
  ])('refuses %j in words', (args, words) => {
    expect(command(...args)).toContain(words);
  });
});
