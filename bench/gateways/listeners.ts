import { join } from 'node:path';
import { z } from 'zod';
import { run } from '../../e2e/rig/child.ts';
import { LineProgram } from '../relay/line-program.ts';

const SOURCE = join(import.meta.dirname, 'c/listeners.c');

/** Arguments of `nice`, which by itself would go ten steps down. */
export const PLAIN: readonly string[] = ['-n', '0'];

/** Longest compilation, in ms, on a machine that does other things too. */
const MAX_COMPILE_MS = 60_000;

const figuresSchema = z.strictObject({
  received: z.number(),
  lost: z.number(),
  backwards: z.number(),
  listenersWithLoss: z.number(),
  leastReceived: z.number(),
  gone: z.number(),
  bytes: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  maxMs: z.number(),
  cpuMs: z.number(),
  wallMs: z.number(),
});
/** What a group of listeners got between `begin` and `end`. Times in ms; `gone`: whose connection ended. */
export type ListenerFigures = z.infer<typeof figuresSchema>;

export type ListenerKind = 'ws' | 'ogg' | 'rtsp';

export interface ListenersRequest {
  readonly kind: ListenerKind;
  readonly port: number;
  readonly path: string;
  readonly count: number;
  /** Of them take nothing once they are in. */
  readonly stalled: number;
}

/** @throws Error when there is no compiler */
export async function buildListeners(folder: string): Promise<string> {
  const path = join(folder, 'listeners');
  await run('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', path, SOURCE], { maxMs: MAX_COMPILE_MS });
  return path;
}

/** Many listeners in one process in C, so that they cost little beside what they listen to. */
export class Listeners {
  readonly request: ListenersRequest;
  readonly #program: LineProgram;

  /**
   * Resolves when all are in.
   *
   * @param nice arguments of `nice`; by default plain priority: what serves them has no other
   * @throws Error when one is refused
   */
  static async join(
    programPath: string,
    request: ListenersRequest,
    nice: readonly string[] = PLAIN,
  ): Promise<Listeners> {
    const { kind, port, path, count, stalled } = request;
    const args = [kind, String(port), path, String(count), String(stalled)];
    const program = await LineProgram.start(programPath, args, nice);
    const joined = z.strictObject({ joined: z.number() }).parse(JSON.parse(await program.line()));
    if (joined.joined !== count) throw new Error(`${joined.joined} of ${count} listeners came in`);
    return new Listeners(program, request);
  }

  private constructor(program: LineProgram, request: ListenersRequest) {
    this.#program = program;
    this.request = request;
  }

  begin(): void {
    this.#program.tell('begin');
  }

  async end(): Promise<ListenerFigures> {
    return figuresSchema.parse(JSON.parse(await this.#program.ask('end')));
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }
}
