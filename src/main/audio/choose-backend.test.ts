import { describe, expect, it } from 'vitest';
import type { AudioDevice, BackendName, DeviceList } from './audio-device.ts';
import { type Candidates, chooseBackend } from './choose-backend.ts';
import { WaveDevice } from './wave-device.ts';

const headset = { id: 'x', name: 'Headset' };

function deviceWith(name: BackendName, list: DeviceList): AudioDevice {
  return {
    name,
    exhausted: '',
    abandonedStreams: 0,
    steps: { input: [], output: [] },
    list: async () => list,
    watch: () => undefined,
    openInput: async () => ({ ok: false, kind: 'failed', reason: '' }),
    openOutput: async () => ({ ok: false, kind: 'failed', reason: '' }),
    close: () => undefined,
  };
}

function unloadable(): never {
  throw new Error('no binary for this platform\nRequire stack: …');
}

const here: Candidates = {
  pulse: () => {
    throw new Error('no sound server answers');
  },
  naudiodon: () => deviceWith('naudiodon', { inputs: [headset], outputs: [] }),
  decibri: () => deviceWith('decibri', { inputs: [], outputs: [headset] }),
  wave: () => new WaveDevice('wave', { inputPath: '', inputOnce: false, outputPath: '', errorPpm: 0 }),
  null: () => new WaveDevice('null', { inputPath: '', inputOnce: false, outputPath: '', errorPpm: 0 }),
};
const none: ReadonlySet<BackendName> = new Set();

describe('chooseBackend', () => {
  it('takes naudiodon where it loads and has a device', async () => {
    const choice = await chooseBackend('', here, none);
    expect(choice.device.name).toBe('naudiodon');
    expect(choice.reason).toBe(
      'pulse does not load (no sound server answers). Sound goes through naudiodon.',
    );
  });

  it('takes the sound server before all else where one answers', async () => {
    const server = { ...here, pulse: () => deviceWith('pulse', { inputs: [], outputs: [headset] }) };
    const choice = await chooseBackend('', server, none);
    expect(choice.device.name).toBe('pulse');
    expect(choice.reason).toBe('Sound goes through pulse.');
  });

  it('takes decibri where naudiodon does not load, and says so', async () => {
    const choice = await chooseBackend('', { ...here, naudiodon: unloadable }, none);
    expect(choice.device.name).toBe('decibri');
    expect(choice.reason).toBe(
      'pulse does not load (no sound server answers). ' +
        'naudiodon does not load (no binary for this platform). Sound goes through decibri.',
    );
  });

  it('takes decibri after naudiodon has given up', async () => {
    const choice = await chooseBackend('', here, new Set<BackendName>(['naudiodon']));
    expect(choice.device.name).toBe('decibri');
  });

  it('takes the null device on a machine without sound, and will look again', async () => {
    const empty = { inputs: [], outputs: [] };
    const choice = await chooseBackend(
      '',
      { ...here, naudiodon: () => deviceWith('naudiodon', empty), decibri: unloadable },
      none,
    );
    expect(choice.device.name).toBe('null');
    expect(choice.provisional).toBe(true);
    expect(choice.reason).toContain('no sound device');
    expect(choice.reason).toContain('naudiodon finds no device.');
  });

  it('does as it is told, even where there is something better', async () => {
    for (const name of ['decibri', 'wave', 'null'] as const) {
      const choice = await chooseBackend(name, here, none);
      expect(choice.device.name).toBe(name);
      expect(choice.provisional).toBe(false);
    }
    const failed = await chooseBackend('decibri', { ...here, decibri: unloadable }, none);
    expect(failed.device.name).toBe('null');
    const unknown = await chooseBackend('jack', here, none);
    expect(unknown.device.name).toBe('naudiodon');
    expect(unknown.reason).toContain('names no backend ("jack")');
  });
});
