import { Child, within } from './child.ts';

/**
 * Sound the server holds in advance: enough that a busy machine never starves the player, which would be a gap
 * of the rig's own. It does not delay anything that is measured: what was said is taken from the microphone.
 */
const BUFFER_MS = 500;

/** Plays a WAV file into a null sink of the rig. */
export class Player {
  readonly #child: Child;

  static async start(path: string, sink: string, env: NodeJS.ProcessEnv): Promise<Player> {
    return new Player(
      await Child.start('paplay', ['-d', sink, `--latency-msec=${BUFFER_MS}`, path], { env }),
    );
  }

  private constructor(child: Child) {
    this.#child = child;
  }

  /**
   * Waits until the file has been played.
   *
   * @throws Error when it takes longer than `maxMs` or the player fails
   */
  async finished(maxMs: number): Promise<void> {
    const ending = await within(this.#child.ended, maxMs);
    if (ending?.code === 0) return;
    await this.stop();
    throw new Error(ending === null ? `playing took longer than ${maxMs} ms` : 'paplay failed');
  }

  async stop(): Promise<void> {
    await this.#child.stop();
  }
}
