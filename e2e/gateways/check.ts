import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from '../../bench/report.ts';
import { makeSpeech } from '../rig/speech.ts';
import { Standalone, type StandaloneOptions } from './standalone.ts';

/**
 * A measurement missed its limit: sound was not like what was published, or came late. It may be the machine, which was
 * busy elsewhere for a moment, so a check that ends so is taken again; everything else fails at once.
 */
export class MissedLimit extends Error {
  override readonly name = 'MissedLimit';
}

/** A small story with an end that is checked: resolves to figures worth noting, throws when it goes wrong. */
export interface Check {
  readonly name: string;
  /** Programs on the search path without which it cannot run; then it counts as not run, loudly. */
  readonly needs: readonly string[];
  readonly run: (scene: Scene) => Promise<Row>;
}

/** Seconds of speech that checks publish. */
export const SPEECH_SECONDS = 12;

/** Folders, gateways and programs of one check, put away after it in reverse order. */
export class Scene {
  readonly #root: string;
  readonly #outputFolder: string;
  readonly #closers: (() => Promise<unknown> | unknown)[] = [];

  /** @param outputFolder what is worth listening to after the run */
  constructor(root: string, outputFolder: string) {
    this.#root = root;
    this.#outputFolder = outputFolder;
  }

  /** A new empty folder that everybody may write to: some programs refuse to run as root. */
  folder(): string {
    const path = mkdtempSync(join(this.#root, 'check-'));
    mkdirSync(join(path, 'open'), { mode: 0o777 });
    return path;
  }

  /** Runs at the end, whatever happens; a failure of it fails nothing. */
  defer(closer: () => Promise<unknown> | unknown): void {
    this.#closers.push(closer);
  }

  /** Gateways without a relay, with these channels. */
  async gateways(options: StandaloneOptions): Promise<Standalone> {
    const gateways = await Standalone.start(this.folder(), options);
    this.defer(() => gateways.stop());
    return gateways;
  }

  /** Speech, mono at 48 kHz, the same for all checks. */
  speech(): Promise<Float32Array> {
    return makeSpeech(this.folder(), SPEECH_SECONDS);
  }

  /** Keeps a recording or a picture after the run. */
  keep(name: string, bytes: Uint8Array): void {
    writeFileSync(join(this.#outputFolder, name), bytes);
  }

  async close(): Promise<void> {
    for (const closer of this.#closers.reverse()) {
      try {
        await closer();
      } catch (error) {
        process.stderr.write(`Could not put something away: ${String(error)}\n`);
      }
    }
  }
}
