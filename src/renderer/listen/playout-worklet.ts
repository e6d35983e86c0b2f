import { PlayoutBuffer } from './playout-buffer.ts';
import { LevelSum, type PlayoutReport, type ToPlayout } from './playout-messages.ts';

// What an AudioWorkletGlobalScope has besides, as far as it is used here (Web Audio API, section 1.32).
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

/** The playout on the sound card's own thread: what the page does meanwhile is not heard. */
class PlayoutProcessor extends AudioWorkletProcessor {
  readonly #buffer = new PlayoutBuffer();
  readonly #level = new LevelSum();

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<ToPlayout>) => {
      if (data.kind === 'sound') this.#buffer.push(data.left, data.right, data.position);
      else if (data.kind === 'rest') this.#buffer.rest();
      else this.#buffer.clear();
    };
  }

  process(_inputs: unknown, [output]: readonly (readonly Float32Array[])[]): boolean {
    const [left, right] = output ?? [];
    if (left === undefined || right === undefined) return true;
    this.#buffer.pull(left, right);
    if (this.#level.add(left, right)) {
      const report: PlayoutReport = { ...this.#buffer.reading, levelDb: this.#level.takeDb() };
      this.port.postMessage(report);
    }
    return true;
  }
}

registerProcessor('sidetone-playout', PlayoutProcessor);
