import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Child, run, waitFor } from './child.ts';

/** How long the sound server may take to come up, in ms. */
const MAX_START_MS = 30_000;

/** Rate of every virtual device, and of everything recorded. */
export const RIG_RATE_HZ = 48_000;

/**
 * Two people's worth of virtual hardware: a null sink per microphone that tests play into and whose monitor is
 * the source applications open, and a null sink per speaker whose monitor tests record.
 */
export const rigDevices = {
  a: { microphoneSink: 'mic_a', source: 'virtual_mic_a', speakerSink: 'spk_a' },
  b: { microphoneSink: 'mic_b', source: 'virtual_mic_b', speakerSink: 'spk_b' },
} as const;
export type RigSide = keyof typeof rigDevices;

function modules(): string[] {
  const loads = ['module-native-protocol-unix'];
  for (const { microphoneSink, source, speakerSink } of Object.values(rigDevices)) {
    loads.push(`module-null-sink sink_name=${microphoneSink} rate=${RIG_RATE_HZ} channels=1 norewinds=1`);
    loads.push(`module-null-sink sink_name=${speakerSink} rate=${RIG_RATE_HZ} channels=2 norewinds=1`);
    loads.push(`module-remap-source master=${microphoneSink}.monitor source_name=${source}`);
  }
  return loads.map((load) => `--load=${load}`);
}

/** A sound server of the test's own, away from the one of the machine. */
export class PulseServer {
  /** Makes a program find this server; add `deviceEnv` to choose its devices. */
  readonly env: NodeJS.ProcessEnv;
  readonly #child: Child;

  /**
   * @param folder - private folder for its socket and state, must exist
   * @throws Error when it does not come up
   */
  static async start(folder: string, logPath: string): Promise<PulseServer> {
    const runtime = join(folder, 'runtime');
    const config = join(folder, 'config');
    for (const path of [runtime, config]) mkdirSync(path, { mode: 0o700, recursive: true });
    const env = {
      ...process.env,
      XDG_RUNTIME_DIR: runtime,
      XDG_CONFIG_HOME: config,
      PULSE_SERVER: `unix:${join(runtime, 'pulse', 'native')}`,
    };
    const args = ['--daemonize=no', '-n', '--exit-idle-time=-1', '--log-target=stderr', ...modules()];
    // The server itself must not see PULSE_SERVER: it would take itself for a client of another one.
    const { PULSE_SERVER: _, ...serverEnv } = env;
    const child = await Child.start('pulseaudio', args, { env: serverEnv, logPath });
    const server = new PulseServer(child, env);
    try {
      await waitFor('PulseAudio', MAX_START_MS, async () => {
        if (child.ending !== null) throw new Error(`PulseAudio ended at once; its log is ${logPath}`);
        const sources = await run('pactl', ['list', 'short', 'sources'], { env }).catch(() => '');
        return sources.includes(rigDevices.b.source) ? sources : null;
      });
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  private constructor(child: Child, env: NodeJS.ProcessEnv) {
    this.#child = child;
    this.env = env;
  }

  /** Environment of an application that shall use the microphone and speaker of one side. */
  deviceEnv(side: RigSide): NodeJS.ProcessEnv {
    const { source, speakerSink } = rigDevices[side];
    return { ...this.env, PULSE_SOURCE: source, PULSE_SINK: speakerSink };
  }

  async stop(): Promise<void> {
    await this.#child.stop();
  }
}
