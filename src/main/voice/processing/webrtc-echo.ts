import { createRequire } from 'node:module';
import { assert } from '../../../core/base/assert.ts';
import { BLOCK_SAMPLES, type EchoStage } from '../../../core/processing/processing-stage.ts';
import { SAMPLE_RATE_HZ } from '../opus.ts';

type Binding = typeof import('@livekit/rtc-ffi-bindings');

/**
 * Delay of the canceller once it runs, in samples: 9 ms. Its filters work on 4 ms of sound in three bands, half
 * overlapped. Measured with noise of 500 Hz to 3.4 kHz.
 */
const DELAY_SAMPLES = 430;

/** Blocks of silence both ways after which the canceller has begun: before, its delay is 4 ms shorter. */
const PRIMING_BLOCKS = 5;

/** Full scale of the 16-bit samples it takes. */
const FULL_SCALE = 32_767;

/** Bytes of an answer without an error: two of the field's number, and a length of zero. */
const EMPTY_ANSWER_BYTES = 3;

/** What it wants to be told about who is asking; it goes into its logs only, which are off. */
const NO_VERSION = '';

const requireHere = createRequire(import.meta.url);
let binding: Binding | null = null;

/** Loads the native library, once per thread. */
function loadBinding(): Binding {
  if (binding !== null) return binding;
  const loaded = requireHere('@livekit/rtc-ffi-bindings') as Binding;
  // The callback hears of rooms and tracks, of which there are none; logs stay inside.
  loaded.livekitInitialize(() => {}, false, NO_VERSION);
  binding = loaded;
  return loaded;
}

/** One direction through the canceller: a request that is encoded once, and the memory that it names. */
class Lane {
  readonly #binding: Binding;
  readonly #request: Uint8Array;
  readonly #samples: Int16Array;

  constructor(loaded: Binding, samples: Int16Array, request: Uint8Array) {
    this.#binding = loaded;
    this.#samples = samples;
    this.#request = request;
  }

  put(block: Float32Array): void {
    for (let index = 0; index < BLOCK_SAMPLES; index += 1) {
      const sample = Math.max(-1, Math.min(1, block[index] ?? 0));
      this.#samples[index] = Math.round(sample * FULL_SCALE);
    }
  }

  take(block: Float32Array): void {
    for (let index = 0; index < BLOCK_SAMPLES; index += 1)
      block[index] = (this.#samples[index] ?? 0) / FULL_SCALE;
  }

  /** @throws Error when the library refuses the block */
  run(): void {
    const answer = this.#binding.livekitFfiRequest(this.#request);
    if (answer.length > EMPTY_ANSWER_BYTES) throw new Error('the echo canceller refused a block');
  }
}

/**
 * WebRTC's echo canceller, version 3.
 *
 * Its library speaks protocol buffers, but the samples are passed by address: as memory, size and rate never change,
 * neither does the request, which is encoded once. The memory of a typed array of this size does not move.
 */
class WebrtcEcho implements EchoStage {
  readonly delaySamples = DELAY_SAMPLES;
  readonly #binding = loadBinding();
  readonly #silence = new Float32Array(BLOCK_SAMPLES);
  #handle: bigint;
  #capture: Lane;
  #reference: Lane;

  constructor() {
    this.#handle = this.#create();
    this.#capture = this.#lane('apmProcessStream');
    this.#reference = this.#lane('apmProcessReverseStream');
    this.#prime();
  }

  process(block: Float32Array): void {
    this.#capture.put(block);
    this.#capture.run();
    this.#capture.take(block);
  }

  handleReference(block: Float32Array): void {
    this.#reference.put(block);
    this.#reference.run();
  }

  reset(): void {
    new this.#binding.FfiHandle(this.#handle).dispose();
    this.#handle = this.#create();
    this.#capture = this.#lane('apmProcessStream');
    this.#reference = this.#lane('apmProcessReverseStream');
    this.#prime();
  }

  #create(): bigint {
    const { FfiRequest, FfiResponse, NewApmRequest } = this.#binding;
    const value = new NewApmRequest({
      echoCancellerEnabled: true,
      gainControllerEnabled: false,
      highPassFilterEnabled: false,
      noiseSuppressionEnabled: false,
    });
    const request = new FfiRequest({ message: { case: 'newApm', value } });
    const answer = FfiResponse.fromBinary(this.#binding.livekitFfiRequest(request.toBinary())).message;
    const handle = answer.case === 'newApm' ? answer.value.apm?.handle?.id : undefined;
    assert(handle !== undefined, 'the library makes a canceller when it is asked for one');
    return handle;
  }

  #lane(name: 'apmProcessStream' | 'apmProcessReverseStream'): Lane {
    const { ApmProcessReverseStreamRequest, ApmProcessStreamRequest, FfiRequest } = this.#binding;
    const samples = new Int16Array(BLOCK_SAMPLES);
    const fields = {
      apmHandle: this.#handle,
      dataPtr: this.#binding.livekitRetrievePtr(new Uint8Array(samples.buffer)),
      size: samples.byteLength,
      sampleRate: SAMPLE_RATE_HZ,
      numChannels: 1,
    };
    const request =
      name === 'apmProcessStream'
        ? new FfiRequest({ message: { case: name, value: new ApmProcessStreamRequest(fields) } })
        : new FfiRequest({ message: { case: name, value: new ApmProcessReverseStreamRequest(fields) } });
    return new Lane(this.#binding, samples, request.toBinary());
  }

  #prime(): void {
    for (let count = 0; count < PRIMING_BLOCKS; count += 1) {
      this.#reference.put(this.#silence);
      this.#reference.run();
      this.#capture.put(this.#silence);
      this.#capture.run();
    }
  }
}

/**
 * Loads the echo canceller.
 *
 * @throws Error where there is no build of it for this machine
 */
export async function loadEchoCancellation(): Promise<EchoStage> {
  return new WebrtcEcho();
}

/**
 * Ends the library's threads. A thread that used it and returns by itself must call this, or it stays; one that is
 * terminated need not.
 */
export async function disposeEchoCancellation(): Promise<void> {
  const loaded = binding;
  binding = null;
  await loaded?.livekitDispose();
}
