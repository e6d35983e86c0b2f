import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from '../../bench/report.ts';
import { freePort } from '../rig/free-port.ts';
import { type LogLine, RelayUnderTest } from './relay-under-test.ts';
import { Talker } from './talker.ts';

export type Check = { readonly name: string; readonly run: (scene: Scene) => Promise<Row> };

/** Where members come in. */
export interface Door {
  readonly port: number;
  readonly certificateSha256: string;
}

export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (got !== wanted) throw new Error(`${what} is ${got}, not ${wanted}`);
}

export function expectHas(what: string, text: string, part: string): void {
  if (!text.includes(part)) throw new Error(`${what} does not say ${JSON.stringify(part)}: ${text}`);
}

export function doorOf(line: LogLine): Door {
  return { port: Number(line['port']), certificateSha256: String(line['certificateSha256']) };
}

/** Folders, programs and members of one check, put away after it. What the programs wrote is kept for a search. */
export class Scene {
  readonly #root: string;
  readonly #closers: (() => Promise<unknown> | unknown)[] = [];
  readonly #relays: RelayUnderTest[] = [];
  /** What members were known by: no log may have it. */
  readonly secrets: string[] = [];

  constructor(root: string) {
    this.#root = root;
  }

  folder(): string {
    return mkdtempSync(join(this.#root, 'check-'));
  }

  /** A config file. */
  config(text: string): string {
    const path = join(this.folder(), 'relay.toml');
    writeFileSync(path, text);
    return path;
  }

  /** A place for a room: a data folder and free ports, as its environment. */
  async place(extra: NodeJS.ProcessEnv = {}): Promise<NodeJS.ProcessEnv> {
    return {
      SIDETONE_RELAY_DATA_FOLDER: this.folder(),
      SIDETONE_RELAY_PORT: String(await freePort()),
      SIDETONE_RELAY_ADMIN_PORT: String(await freePort()),
      ...extra,
    };
  }

  async start(env: NodeJS.ProcessEnv, args?: readonly string[]): Promise<RelayUnderTest> {
    const relay = await RelayUnderTest.start(env, this.folder(), args);
    this.#relays.push(relay);
    this.defer(() => relay.child.stop(1_000));
    return relay;
  }

  /** Starts one and waits until it is open. */
  async open(env: NodeJS.ProcessEnv): Promise<{ relay: RelayUnderTest; door: Door }> {
    const relay = await this.start(env);
    return { relay, door: doorOf(await relay.logged('listening')) };
  }

  async enter(door: Door, nickname: string): Promise<Talker> {
    const talker = await Talker.enter(door, nickname);
    this.secrets.push(String(talker.member.token), talker.member.identity.publicKey);
    this.defer(() => talker.leave());
    return talker;
  }

  defer(close: () => Promise<unknown> | unknown): void {
    this.#closers.push(close);
  }

  /** Ends everything. @returns what all programs of this check wrote */
  async close(): Promise<string> {
    for (const close of this.#closers.reverse()) await close();
    return this.#relays.map((relay) => relay.wrote).join('\n');
  }
}
