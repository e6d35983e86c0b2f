import type { AppState, DeviceInfo, DeviceSide, DeviceStatus } from '../../contract/dto.ts';
import type { AudioFact, AudioPort, Side } from './ports.ts';

interface SideFacts {
  devices: DeviceInfo[];
  status: DeviceStatus;
  reason: string;
}

/** What is known of the sound devices. */
export class Devices {
  #audio: AudioPort | null = null;
  #backend: AppState['audioBackend'] = 'null';
  readonly #sides: Record<Side, SideFacts> = {
    input: { devices: [], status: 'starting', reason: '' },
    output: { devices: [], status: 'starting', reason: '' },
  };

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
    }
  }

  describe(side: Side, selectedId: string): DeviceSide {
    return { ...this.#sides[side], selectedId };
  }
}
