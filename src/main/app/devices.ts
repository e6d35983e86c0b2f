import type { AppState, DeviceInfo, DeviceSide, DeviceStatus } from '../../contract/dto.ts';
import type { AudioFact, AudioPort, DeviceLatency, SettingsPort, Side } from './ports.ts';

interface SideFacts {
  devices: DeviceInfo[];
  status: DeviceStatus;
  reason: string;
}

/** Most devices whose buffers are remembered; what was found out first gives way. */
const MAX_REMEMBERED_BUFFERS = 64;

/** What is known of the sound devices. */
export class Devices {
  readonly #settings: SettingsPort;
  #audio: AudioPort | null = null;
  #backend: AppState['audioBackend'] = 'null';
  readonly #sides: Record<Side, SideFacts> = {
    input: { devices: [], status: 'starting', reason: '' },
    output: { devices: [], status: 'starting', reason: '' },
  };

  readonly #latency: Record<Side, DeviceLatency | null> = { input: null, output: null };

  constructor(settings: SettingsPort) {
    this.#settings = settings;
  }

  get latency(): Readonly<Record<Side, DeviceLatency | null>> {
    return this.#latency;
  }

  get backend(): AppState['audioBackend'] {
    return this.#backend;
  }

  attach(audio: AudioPort): void {
    this.#audio = audio;
  }

  select(side: Side, id: string): void {
    this.#audio?.select(side, id);
  }

  refresh(): void {
    this.#audio?.refresh();
  }

  handleFact(fact: AudioFact): void {
    switch (fact.kind) {
      case 'backend':
        this.#backend = fact.name;
        return;
      case 'devices':
        this.#sides.input.devices = fact.inputs;
        this.#sides.output.devices = fact.outputs;
        return;
      case 'status':
        this.#sides[fact.side].status = fact.status;
        this.#sides[fact.side].reason = fact.reason;
        return;
      case 'latency':
        this.#latency.input = fact.input;
        this.#latency.output = fact.output;
        return;
      case 'buffer':
        this.#rememberBuffer(fact.key, fact.nextStep);
        return;
    }
  }

  describe(side: Side, selectedId: string): DeviceSide {
    return { ...this.#sides[side], selectedId };
  }

  #rememberBuffer(key: string, step: number): void {
    const { [key]: before, ...others } = this.#settings.current.audioBuffers;
    if (before === step) return;
    const kept = Object.entries(others).slice(1 - MAX_REMEMBERED_BUFFERS);
    this.#settings.update({ audioBuffers: { ...Object.fromEntries(kept), [key]: step } });
  }
}
