import { PLAYOUT_RATE_HZ, PlayoutBuffer } from './playout-buffer.ts';
import { LevelSum, type PlayoutReport, type ToPlayout } from './playout-messages.ts';
import workletUrl from './playout-worklet.ts?worker&url';

/** Block of the older interface, in samples: 43 ms, so that the page's own thread keeps up. */
const SCRIPT_BLOCK_SAMPLES = 2_048;

/** How fast the volume follows the hand, in seconds: no zipper, no wait. */
const VOLUME_SECONDS = 0.02;

/** The sound card's end: from decoded sound to the loudspeaker. */
export class Playout {
  readonly #context: AudioContext;
  readonly #gain: GainNode;
  #send: (message: ToPlayout) => void = () => undefined;

  /**
   * Must be called while a press of a button is being handled: browsers let no page make sound of its own accord.
   *
   * @throws Error when there is no sound card
   */
  static async open(onReport: (report: PlayoutReport) => void): Promise<Playout> {
    // Some 30 ms more than the least there is: on a busy machine the sound card does not run dry, and nobody answers.
    const context = new AudioContext({ sampleRate: PLAYOUT_RATE_HZ, latencyHint: 'playback' });
    const playout = new Playout(context);
    try {
      await context.resume();
      // Absent where the page did not come over a secure connection.
      if (context.audioWorklet === undefined) playout.#openScript(onReport);
      else await playout.#openWorklet(onReport);
    } catch (error) {
      playout.close();
      throw error;
    }
    return playout;
  }

  private constructor(context: AudioContext) {
    this.#context = context;
    this.#gain = context.createGain();
    this.#gain.connect(context.destination);
  }

  /** What lies behind the playout until it is heard, as far as the browser knows, in ms. */
  get deviceMs(): number {
    const { outputLatency, baseLatency } = this.#context;
    return 1_000 * (outputLatency > 0 ? outputLatency : (baseLatency ?? 0));
  }

  play(left: Float32Array<ArrayBuffer>, right: Float32Array<ArrayBuffer>, position: number): void {
    this.#send({ kind: 'sound', left, right, position });
  }

  rest(): void {
    this.#send({ kind: 'rest' });
  }

  clear(): void {
    this.#send({ kind: 'clear' });
  }

  /** @param volume 0 to 1 */
  setVolume(volume: number): void {
    this.#gain.gain.setTargetAtTime(volume, this.#context.currentTime, VOLUME_SECONDS);
  }

  close(): void {
    this.#send = () => undefined;
    void this.#context.close();
  }

  async #openWorklet(onReport: (report: PlayoutReport) => void): Promise<void> {
    await this.#context.audioWorklet.addModule(workletUrl);
    const node = new AudioWorkletNode(this.#context, 'sidetone-playout', {
      numberOfInputs: 0,
      outputChannelCount: [2],
    });
    node.port.onmessage = ({ data }: MessageEvent<PlayoutReport>) => onReport(data);
    node.connect(this.#gain);
    this.#send = (message) => {
      if (message.kind !== 'sound') node.port.postMessage(message);
      else if (message.left === message.right) node.port.postMessage(message, [message.left.buffer]);
      else node.port.postMessage(message, [message.left.buffer, message.right.buffer]);
    };
  }

  /** The same on the page's own thread, by an interface that is older than worklets and in every browser. */
  #openScript(onReport: (report: PlayoutReport) => void): void {
    const buffer = new PlayoutBuffer(SCRIPT_BLOCK_SAMPLES);
    const level = new LevelSum();
    const node = this.#context.createScriptProcessor(SCRIPT_BLOCK_SAMPLES, 0, 2);
    node.onaudioprocess = ({ outputBuffer }) => {
      const [left, right] = [outputBuffer.getChannelData(0), outputBuffer.getChannelData(1)];
      buffer.pull(left, right);
      if (level.add(left, right)) onReport({ ...buffer.reading, levelDb: level.takeDb() });
    };
    node.connect(this.#gain);
    this.#send = (message) => {
      if (message.kind === 'sound') buffer.push(message.left, message.right, message.position);
      else if (message.kind === 'rest') buffer.rest();
      else buffer.clear();
    };
  }
}
