import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { z } from 'zod';
import type { DeviceInfo } from '../../contract/dto.ts';
import type { DeviceList, Side } from './audio-device.ts';

/** Marks ids that name a PulseAudio (or PipeWire) source or sink; the rest of the id is its name. */
const ID_PREFIX = 'pulse:';

/** A sound server that does not answer a list within this, in ms, is taken for absent. */
const ANSWER_TIMEOUT_MS = 2_000;

/** Longest answer of pactl that is read, in bytes: hundreds of devices with all their properties. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** Pause before pactl is asked again to watch a server that went away, in ms. */
const WATCH_RETRY_MS = 1_000;

const deviceSchema = z.array(
  z.object({
    name: z.string(),
    description: z.string().optional(),
    properties: z.record(z.string(), z.unknown()).optional(),
  }),
);

/** Variable that tells libpulse which device a new stream is meant for. */
const VARIABLE = { input: 'PULSE_SOURCE', output: 'PULSE_SINK' } as const;

/** libpulse puts these properties on every stream; mixers show the name. */
const STREAM_PROPERTIES = 'application.name=Sidetone media.role=phone';

function pactl(args: string[]): Promise<string | null> {
  // pactl 16 writes decimal commas into its JSON under some locales, and question marks for names under "C".
  const env = { ...process.env, LC_ALL: '', LC_NUMERIC: 'C', LC_CTYPE: 'C.UTF-8' };
  return new Promise((resolve) => {
    const options = { env, timeout: ANSWER_TIMEOUT_MS, maxBuffer: MAX_ANSWER_BYTES };
    execFile('pactl', args, options, (error, stdout) => resolve(error === null ? stdout : null));
  });
}

/**
 * Devices out of `pactl --format=json list sources` or `list sinks`. Monitors (what a speaker plays) are no
 * microphones and are left out. Returns null when the text is not such a list.
 */
export function parsePulseDevices(text: string): DeviceInfo[] | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = deviceSchema.safeParse(json);
  if (!parsed.success) return null;
  return parsed.data
    .filter(
      (device) => device.properties?.['device.class'] !== 'monitor' && !device.name.endsWith('.monitor'),
    )
    .map((device) => ({ id: ID_PREFIX + device.name, name: device.description || device.name }));
}

/** Sources and sinks of the PulseAudio or PipeWire server; null while none answers or pactl is not installed. */
export async function listPulseDevices(): Promise<DeviceList | null> {
  const [sources, sinks] = await Promise.all([
    pactl(['--format=json', 'list', 'sources']),
    pactl(['--format=json', 'list', 'sinks']),
  ]);
  const inputs = sources === null ? null : parsePulseDevices(sources);
  const outputs = sinks === null ? null : parsePulseDevices(sinks);
  return inputs === null || outputs === null ? null : { inputs, outputs };
}

/** True for a line of `pactl subscribe` about devices, false for one about streams and clients. */
export function isDeviceEvent(line: string): boolean {
  return / on (source|sink|server|card)( |$)/.test(line);
}

/** Tells when devices come and go: holds one `pactl subscribe` open, and opens it again when the server returns. */
export class PulseWatcher {
  readonly #onDidChange: () => void;
  #child: ChildProcess | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(onDidChange: () => void) {
    this.#onDidChange = onDidChange;
    this.#start();
  }

  close(): void {
    this.#closed = true;
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#child?.kill();
  }

  #start(): void {
    const env = { ...process.env, LC_ALL: 'C' };
    const child = spawn('pactl', ['subscribe'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
    this.#child = child;
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text: string) => {
      if (text.split('\n').some(isDeviceEvent)) this.#onDidChange();
    });
    // Without this listener a missing pactl would throw; 'close' follows it.
    child.on('error', () => undefined);
    child.on('close', () => {
      if (this.#closed) return;
      this.#onDidChange();
      this.#retryTimer = setTimeout(() => {
        this.#start();
        this.#onDidChange();
      }, WATCH_RETRY_MS);
    });
  }
}

/** libpulse reads the environment when a stream is opened; this sets it for one stream and puts it back. */
export class PulseSelection {
  readonly #env: NodeJS.ProcessEnv;
  readonly #inherited: Record<Side, string | undefined>;

  /** @param env the process's own environment, set for real: a worker must share it with the main thread */
  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
    this.#inherited = { input: env[VARIABLE.input], output: env[VARIABLE.output] };
    env['PULSE_PROP'] ??= STREAM_PROPERTIES;
  }

  /** The next stream of `side` goes to the device `id`; '' is what the person or the system has set. */
  aim(side: Side, id: string): void {
    if (id.startsWith(ID_PREFIX)) this.#env[VARIABLE[side]] = id.slice(ID_PREFIX.length);
    else this.restore(side);
  }

  /** The server's name of the device `id`; null is its default. */
  nameOf(side: Side, id: string): string | null {
    if (id.startsWith(ID_PREFIX)) return id.slice(ID_PREFIX.length);
    return this.#inherited[side] ?? null;
  }

  restore(side: Side): void {
    const inherited = this.#inherited[side];
    if (inherited === undefined) delete this.#env[VARIABLE[side]];
    else this.#env[VARIABLE[side]] = inherited;
  }
}
