import type { Contestant, RunningContestant } from './contestant.ts';
import { LineProgram } from './line-program.ts';
import type { Load } from './load.ts';

class PlainRelay implements RunningContestant {
  readonly protocol = 'plain';
  readonly port: number;
  readonly #program: LineProgram;
  #members = 0;

  constructor(program: LineProgram, port: number) {
    this.#program = program;
    this.port = port;
  }

  get pid(): number {
    return this.#program.pid;
  }

  async join(count: number, load: Load): Promise<void> {
    for (let joined = 0; joined < count; joined += 1) {
      this.#members += 1;
      await this.#program.ask(String(await load.addMember(this.#members, 0)));
    }
  }

  fault(): null {
    return null;
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }
}

/** The relay in C that only receives and sends. */
export function plainRelay(path: string): Contestant {
  return {
    name: 'plain C relay',
    async start() {
      const program = await LineProgram.start(path);
      const port = Number((await program.line()).split(' ')[1]);
      return new PlainRelay(program, port);
    },
  };
}
