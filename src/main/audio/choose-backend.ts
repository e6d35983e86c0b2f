import { join } from 'node:path';
import type { AudioDevice, BackendName } from './audio-device.ts';
import type { AudioWorkerData } from './audio-protocol.ts';
import { DecibriDevice, loadDecibri } from './decibri-device.ts';
import { loadNaudiodon } from './naudiodon-binding.ts';
import { NaudiodonDevice } from './naudiodon-device.ts';
import { PulseDevice } from './pulse-device.ts';
import { listPulseDevices, type PulseSelection } from './pulse-server.ts';
import { WaveDevice } from './wave-device.ts';

/** A backend and, for a person, why it was chosen. */
export interface Choice {
  readonly device: AudioDevice;
  readonly reason: string;
  /** The same in short, where the device is none. */
  readonly absence: string;
  /** Nothing was found: looking again later may find something. */
  readonly provisional: boolean;
}

/** Makes a backend. @throws Error when it cannot be loaded on this machine */
export type MakeDevice = () => AudioDevice;

export interface Candidates {
  readonly pulse: MakeDevice;
  readonly naudiodon: MakeDevice;
  readonly decibri: MakeDevice;
  readonly wave: MakeDevice;
  readonly null: MakeDevice;
}

const NO_SOUND_REASON = 'This machine has no sound device. You can join and watch, but not talk or hear.';

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}

function isBackendName(name: string): name is BackendName {
  return name === 'pulse' || name === 'naudiodon' || name === 'decibri' || name === 'wave' || name === 'null';
}

function force(name: BackendName, candidates: Candidates): Choice {
  const note = name === 'null' ? ' There is no sound.' : '';
  try {
    return {
      device: candidates[name](),
      reason: `SIDETONE_AUDIO_BACKEND asks for ${name}.${note}`,
      absence: 'There is no sound.',
      provisional: false,
    };
  } catch (error) {
    const reason = `SIDETONE_AUDIO_BACKEND asks for ${name}, which does not load (${messageOf(error)}). There is no sound.`;
    return { device: candidates.null(), reason, absence: 'There is no sound.', provisional: false };
  }
}

/**
 * Picks the first backend that loads and has a device: the sound server, naudiodon, then decibri. Without either, the null device.
 *
 * @param wanted name of a backend to use in any case; empty: by what there is
 * @param excluded backends that have given up in this process
 */
export async function chooseBackend(
  wanted: string,
  candidates: Candidates,
  excluded: ReadonlySet<BackendName>,
): Promise<Choice> {
  if (isBackendName(wanted)) return force(wanted, candidates);
  const against: string[] = [];
  if (wanted !== '') against.push(`SIDETONE_AUDIO_BACKEND names no backend ("${wanted}").`);
  for (const name of ['pulse', 'naudiodon', 'decibri'] as const) {
    if (excluded.has(name)) {
      against.push(`${name} has given up.`);
      continue;
    }
    try {
      const device = candidates[name]();
      const { inputs, outputs } = await device.list();
      if (inputs.length + outputs.length > 0) {
        return {
          device,
          reason: [...against, `Sound goes through ${name}.`].join(' '),
          absence: '',
          provisional: false,
        };
      }
      device.close();
      against.push(`${name} finds no device.`);
    } catch (error) {
      against.push(`${name} does not load (${messageOf(error)}).`);
    }
  }
  return {
    device: candidates.null(),
    reason: [NO_SOUND_REASON, ...against].join(' '),
    absence: NO_SOUND_REASON,
    provisional: true,
  };
}

/** The backends of this machine. Sets up ALSA where a sound server answers, which must come before they load. */
export async function candidatesHere(
  data: AudioWorkerData,
  env: NodeJS.ProcessEnv,
  pulse: PulseSelection,
): Promise<Candidates> {
  const answers = process.platform === 'linux' && (await listPulseDevices()) !== null;
  if (answers) env['ALSA_CONFIG_PATH'] ??= join(data.resourcesPath, 'alsa-pulse.conf');
  const selection = answers ? pulse : null;
  return {
    pulse: () => {
      if (!answers) throw new Error('no sound server answers');
      return new PulseDevice(env, pulse);
    },
    naudiodon: () => new NaudiodonDevice(loadNaudiodon(), selection),
    decibri: () => new DecibriDevice(loadDecibri(), selection),
    wave: () =>
      new WaveDevice('wave', {
        inputPath: data.waveInputPath,
        inputOnce: data.waveInputOnce,
        outputPath: data.waveOutputPath,
        errorPpm: data.wavePpm,
      }),
    null: () => new WaveDevice('null', { inputPath: '', inputOnce: false, outputPath: '', errorPpm: 0 }),
  };
}
