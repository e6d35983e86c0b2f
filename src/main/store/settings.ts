import { join } from 'node:path';
import { z } from 'zod';
import { activationSchema, bindingSchema } from '../../contract/dto.ts';
import { JsonFile } from './json-file.ts';

/** Most relays whose certificates are remembered; the oldest gives way. */
export const MAX_KNOWN_RELAYS = 1_000;

const settingsSchema = z.strictObject({
  nickname: z.string().max(256),
  activation: activationSchema,
  gateThresholdDb: z.number().min(-100).max(0),
  pushToTalk: bindingSchema.nullable(),
  inputId: z.string().max(512),
  outputId: z.string().max(512),
  inviteAddress: z.string().max(255).nullable(),
  /** Certificate fingerprints (SHA-256, base64url) by `host:port`, of relays joined without a link's pin. */
  knownRelays: z.record(z.string(), z.string()),
});
export type Settings = z.infer<typeof settingsSchema>;

const defaults: Settings = {
  nickname: '',
  // Nobody has bound a key at first start, and an open microphone is no surprise to spring on anyone.
  activation: 'voiceActivity',
  gateThresholdDb: -45,
  pushToTalk: null,
  inputId: '',
  outputId: '',
  inviteAddress: null,
  knownRelays: {},
};

/** The client's settings, kept in `settings.json` of the data folder. */
export class SettingsStore {
  readonly #file: JsonFile<Settings>;
  #settings: Settings;

  constructor(folder: string) {
    this.#file = new JsonFile(join(folder, 'settings.json'), settingsSchema, defaults);
    this.#settings = this.#file.read();
  }

  /** The file was there and could not be understood; it was put aside. */
  get wasDamaged(): boolean {
    return this.#file.readState === 'damaged';
  }

  get current(): Readonly<Settings> {
    return this.#settings;
  }

  /** @throws Error when the disk refuses; the change then holds until the program ends */
  update(change: Partial<Settings>): void {
    this.#settings = { ...this.#settings, ...change };
    this.#file.write(this.#settings);
  }

  /** Remembers a relay's certificate on first use. */
  rememberRelay(hostAndPort: string, sha256: string): void {
    const entries = Object.entries({ ...this.#settings.knownRelays, [hostAndPort]: sha256 });
    this.update({ knownRelays: Object.fromEntries(entries.slice(-MAX_KNOWN_RELAYS)) });
  }
}
