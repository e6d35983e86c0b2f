import { describe, expect, it } from 'vitest';
import { MAX_BOT_SECONDS, MAX_BOTS } from '../../contract/admin.ts';
import { readBenchBotsOptions } from './bench-options.ts';

describe('readBenchBotsOptions', () => {
  it('measures a hundred bots and ten speakers for half a minute when nothing is said', () => {
    expect(readBenchBotsOptions([])).toEqual({
      ok: true,
      options: {
        request: { bots: 100, speakers: 10, seconds: 30, address: null },
        speechPath: null,
        json: false,
        voiceSocket: 'auto',
        senderThreads: 0,
      },
    });
  });

  it('takes all that it has', () => {
    const args = [
      '--bots',
      '8',
      '--speakers=2',
      '--seconds',
      '5',
      '--wav',
      'a b.wav',
      '--json',
      '--voice-socket',
      'dgram',
      '--sender-threads',
      '2',
      '--address',
      '::1',
    ];
    expect(readBenchBotsOptions(args)).toEqual({
      ok: true,
      options: {
        request: { bots: 8, speakers: 2, seconds: 5, address: '::1' },
        speechPath: 'a b.wav',
        json: true,
        voiceSocket: 'dgram',
        senderThreads: 2,
      },
    });
  });

  it('goes up to its limits', () => {
    expect(readBenchBotsOptions(['--bots', `${MAX_BOTS}`, '--seconds', `${MAX_BOT_SECONDS}`]).ok).toBe(true);
    expect(readBenchBotsOptions(['--bots', '2', '--speakers', '2', '--seconds', '5']).ok).toBe(true);
  });

  it.each([
    ['--bots', `${MAX_BOTS + 1}`],
    ['--bots', '1'],
    ['--bots', 'many'],
    ['--bots', '-3'],
    ['--bots', '1e2'],
    ['--bots', '5'],
    ['--seconds', `${MAX_BOT_SECONDS + 1}`],
    ['--seconds', '4'],
    ['--speakers', '0'],
    ['--speakers', '101'],
    ['--voice-socket', 'tcp'],
    ['--sender-threads', '17'],
    ['--wav'],
    ['--sped', '5'],
    ['five'],
  ])('refuses %s %s in a sentence', (...args) => {
    const read = readBenchBotsOptions(args);
    expect(read.ok).toBe(false);
    expect(!read.ok && read.sentence).toMatch(/\. There are: --bots /);
  });
});
