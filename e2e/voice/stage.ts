import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppProcess } from '../rig/app-process.ts';
import { AppWindow } from '../rig/app-window.ts';
import { VirtualDisplay } from '../rig/display.ts';
import { Player } from '../rig/player.ts';
import { PulseServer, RIG_RATE_HZ, type RigSide, rigDevices } from '../rig/pulse.ts';
import { Recorder } from '../rig/recorder.ts';
import type { Teardown } from '../rig/teardown.ts';
import { writeWavFile } from '../sound/wav.ts';

/** Windows stand side by side: left edges in pixels. */
const WINDOW_LEFT_PX: Record<RigSide, number> = { a: 0, b: 790 };

/** One person: a copy of Sidetone, its window, a microphone and a speaker. */
export type Person = {
  readonly app: AppProcess;
  readonly window: AppWindow;
  readonly windowId: string;
};

/**
 * The place where two people talk: sound server, screen, keyboard, and recorders at A's microphone and at B's
 * speaker that run all the time.
 */
export class Stage {
  readonly pulse: PulseServer;
  readonly display: VirtualDisplay;
  /** What A says, and what B hears. */
  readonly mouth: Recorder;
  readonly ear: Recorder;
  /** Recordings worth listening to, logs: kept after the run. */
  readonly outputFolder: string;
  /** Everything else: removed after the run. */
  readonly folder: string;
  readonly #teardown: Teardown;

  static async open(teardown: Teardown, outputFolder: string): Promise<Stage> {
    rmSync(outputFolder, { recursive: true, force: true });
    mkdirSync(outputFolder, { recursive: true });
    const folder = mkdtempSync(join(tmpdir(), 'sidetone-e2e-'));
    teardown.defer('the temporary folder', () =>
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }),
    );
    const pulse = await PulseServer.start(folder, join(outputFolder, 'pulseaudio.log'));
    teardown.defer('PulseAudio', () => pulse.stop());
    const display = await VirtualDisplay.start(pulse.env, join(outputFolder, 'display.log'));
    teardown.defer('the screen', () => display.stop());
    const mouth = await Recorder.start(`${rigDevices.a.microphoneSink}.monitor`, pulse.env);
    teardown.defer('a recorder', () => mouth.stop());
    const ear = await Recorder.start(`${rigDevices.b.speakerSink}.monitor`, pulse.env);
    teardown.defer('a recorder', () => ear.stop());
    return new Stage(teardown, { pulse, display, mouth, ear, folder, outputFolder });
  }

  private constructor(
    teardown: Teardown,
    parts: Pick<Stage, 'pulse' | 'display' | 'mouth' | 'ear' | 'folder' | 'outputFolder'>,
  ) {
    this.#teardown = teardown;
    this.pulse = parts.pulse;
    this.display = parts.display;
    this.mouth = parts.mouth;
    this.ear = parts.ear;
    this.folder = parts.folder;
    this.outputFolder = parts.outputFolder;
  }

  /**
   * Starts a copy of Sidetone and opens its window.
   *
   * @param name - of its folders and log
   * @param extraEnv - on top of the devices of that side
   */
  async startPerson(name: string, side: RigSide, extraEnv: NodeJS.ProcessEnv = {}): Promise<Person> {
    const env = { ...this.pulse.deviceEnv(side), DISPLAY: this.display.name, ...extraEnv };
    const dataFolder = join(this.folder, `data-${name}`);
    mkdirSync(dataFolder);
    const app = await AppProcess.start({ dataFolder, env, logPath: join(this.outputFolder, `${name}.log`) });
    this.#teardown.defer(`Sidetone ${name}`, async () => void (await app.stop()));
    const windowClass = `sidetone-${name}`;
    const window = await AppWindow.open({
      address: app.address,
      profileFolder: join(this.folder, `profile-${name}`),
      windowClass,
      leftPx: WINDOW_LEFT_PX[side],
      env,
    });
    this.#teardown.defer(`the window of ${name}`, () => window.close());
    return { app, window, windowId: await this.display.windowOfClass(windowClass) };
  }

  /** Writes sound to a file that `say` can play. */
  writeSound(name: string, samples: Float32Array): string {
    const path = join(this.folder, `${name}.wav`);
    writeWavFile(path, samples, RIG_RATE_HZ);
    return path;
  }

  /** Keeps a recording for listening. */
  keep(name: string, samples: Float32Array): void {
    writeWavFile(join(this.outputFolder, `${name}.wav`), samples, RIG_RATE_HZ);
  }

  /** Speaks into A's microphone. */
  async say(path: string): Promise<Player> {
    const player = await Player.start(path, rigDevices.a.microphoneSink, this.pulse.env);
    this.#teardown.defer('a player', () => player.stop());
    return player;
  }
}
