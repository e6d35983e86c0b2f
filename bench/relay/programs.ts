import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { run } from '../../e2e/rig/child.ts';
import { LineProgram } from './line-program.ts';
import { sealOcb2 } from './ocb2.ts';

const SOURCES = join(import.meta.dirname, 'c');

/** Longest compilation, in ms, on a machine that does other things too. */
const MAX_COMPILE_MS = 60_000;

/** Where the programs in C are, built. */
export interface Programs {
  readonly loadPath: string;
  readonly relayPath: string;
}

/**
 * Builds the load generator and the plain relay.
 *
 * @throws Error when there is no compiler or no OpenSSL to build with
 */
export async function buildPrograms(folder: string): Promise<Programs> {
  const [loadPath, relayPath] = [join(folder, 'load'), join(folder, 'relay')];
  const options = ['-O2', '-Wall', '-Wextra', '-Werror'];
  const parts = ['load.c', 'member.c', 'ocb2.c', 'tally.c', 'usage.c'].map((name) => join(SOURCES, name));
  const limit = { maxMs: MAX_COMPILE_MS };
  await run('cc', [...options, '-o', loadPath, ...parts, '-lcrypto', '-lpthread'], limit);
  await run('cc', [...options, '-o', relayPath, join(SOURCES, 'relay.c'), '-lpthread'], limit);
  return { loadPath, relayPath };
}

const sealedSchema = z.strictObject({ opens: z.boolean(), sealed: z.string(), tag: z.string() });

/** Lengths about the edges of AES blocks, and those of voice. */
const CHECKED_LENGTHS = [0, 1, 15, 16, 17, 31, 32, 33, 40, 48, 83, 85, 86, 255];

/**
 * Holds the load generator's OCB2 against ours, which its tests hold against the published vectors.
 *
 * @throws Error when the two differ: what it measured would be Mumble's server throwing packets away
 */
export async function checkSealing({ loadPath }: Programs): Promise<void> {
  const load = await LineProgram.start(loadPath);
  try {
    for (const lengthBytes of CHECKED_LENGTHS) {
      const [key, nonce, text] = [randomBytes(16), randomBytes(16), randomBytes(lengthBytes)];
      const hex = lengthBytes === 0 ? '-' : text.toString('hex');
      const line = await load.ask(`seal ${key.toString('hex')} ${nonce.toString('hex')} ${hex}`);
      const answer = sealedSchema.parse(JSON.parse(line));
      const ours = sealOcb2(key, nonce, text);
      const same = answer.sealed === ours.sealed.toString('hex') && answer.tag === ours.tag.toString('hex');
      if (!same || !answer.opens) throw new Error(`OCB2 of the load generator fails at ${lengthBytes} bytes`);
    }
  } finally {
    await load.stop();
  }
}
