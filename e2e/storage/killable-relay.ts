import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { within } from '../rig/child.ts';
import type { RelayNews, RelayPlace } from '../rig/relay/relay-news.ts';

const PROGRAM = fileURLToPath(new URL('../rig/relay/relay-program.ts', import.meta.url));

/** Longest start of the relay's process, in ms, on a machine that does other things too. */
const MAX_START_MS = 20_000;

/** Where a relay can be reached. */
interface RelayDoors {
  readonly port: number;
  readonly certificateSha256: string;
}

/** A hosted relay in a process of its own, which can be killed at any moment, that of its start included. */
export class KillableRelay {
  readonly #child: ChildProcess;
  readonly #doors: Promise<RelayDoors | null>;
  readonly #ended: Promise<NodeJS.Signals | null>;

  constructor(place: RelayPlace) {
    this.#child = fork(PROGRAM, [JSON.stringify(place)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#ended = new Promise((resolve) => this.#child.once('exit', (_code, signal) => resolve(signal)));
    const listening = new Promise<RelayDoors>((resolve) => {
      this.#child.on('message', (news: RelayNews) => {
        if (news.kind === 'listening') resolve(news);
      });
    });
    this.#doors = Promise.race([listening, this.#ended.then(() => null)]);
  }

  /**
   * Waits until both doors are open.
   *
   * @throws Error when the relay does not start
   */
  async listening(): Promise<RelayDoors> {
    const doors = await within(this.#doors, MAX_START_MS);
    if (doors === null) throw new Error('the relay does not start');
    return doors;
  }

  /** Sends SIGKILL, at this very moment. */
  strike(): void {
    this.#child.kill('SIGKILL');
  }

  /**
   * Ends it with SIGKILL, and waits until the system has cleared it away.
   *
   * @throws Error when it had ended by itself
   */
  async kill(): Promise<void> {
    this.strike();
    const signal = await this.#ended;
    if (signal !== 'SIGKILL') throw new Error('the relay ended by itself');
  }
}
