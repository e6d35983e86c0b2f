import type { AudioStream, BufferStep, InputRequest, OutputRequest, StreamLatency } from './audio-device.ts';
import { SAMPLE_RATE_HZ } from './audio-device.ts';
import { PulseConnection, type PulseListener } from './pulse-connection.ts';
import { COMMAND, HEADER_BYTES, INVALID_INDEX, type TagReader, type TagWriter } from './pulse-wire.ts';

const BYTES_PER_SAMPLE = Float32Array.BYTES_PER_ELEMENT;

/** Most samples sent in one packet: the largest block of the ladder, 20 ms. */
const MAX_BLOCK_SAMPLES = 960;

/**
 * Packets that are written to in turn. The kernel takes a packet at once, unless the server is stuck; then nothing
 * more is sent before all have gone.
 */
const PACKETS = 8;

/** How often a stuck server is looked at, in ms. */
const STUCK_POLL_MS = 5;

/** Longest wait for the mixer, in ms, while the server plays silence for want of sound: mixing takes a tenth of it. */
const DRY_LIMIT_MS = 3;

/** A request larger than this, in samples, is answered with silence: after a standstill, nobody wants the past. */
const MAX_OWED_SAMPLES = SAMPLE_RATE_HZ / 4;

const samplesToMs = (samples: number): number => (samples * 1_000) / SAMPLE_RATE_HZ;
const bytesToMs = (bytes: number): number => samplesToMs(bytes / BYTES_PER_SAMPLE);

/** What mixers and the server's own rules (echo cancelling, ducking) know a stream by. */
const STREAM_PROPERTIES = { 'media.name': 'Voice', 'media.role': 'phone' };

/** Asks for so much in the whole, device included, that `queueBlocks` blocks are on their way. */
function putBuffers(fields: TagWriter, step: BufferStep): TagWriter {
  const blockBytes = step.blockSamples * BYTES_PER_SAMPLE;
  return fields
    .u32(blockBytes * step.queueBlocks)
    .u32(0)
    .u32(blockBytes);
}

/** Delay of a stream out of a latency reply. */
function readLatency(fields: TagReader, side: 'input' | 'output'): StreamLatency | null {
  const monitorOrSinkUsec = fields.usec();
  const sourceUsec = fields.usec();
  fields.flag();
  fields.skipTime();
  fields.skipTime();
  const written = fields.s64();
  const read = fields.s64();
  if (fields.failed) return null;
  const deviceUsec = side === 'output' ? monitorOrSinkUsec : monitorOrSinkUsec + sourceUsec;
  return { deviceMs: deviceUsec / 1_000, bufferMs: Math.max(0, bytesToMs(written - read)) };
}

/** A microphone of the sound server. */
export class PulseInput implements AudioStream {
  readonly counters = { deviceXruns: 0 };
  readonly #request: InputRequest;
  readonly #block = new Float32Array(MAX_BLOCK_SAMPLES);
  readonly #blockBytes = Buffer.from(this.#block.buffer);
  #connection: PulseConnection | null = null;
  #channel = 0;
  #closed = false;

  /** @throws PulseRefusal, or Error when there is no server */
  static async open(
    env: NodeJS.ProcessEnv,
    source: string | null,
    request: InputRequest,
  ): Promise<PulseInput> {
    const stream = new PulseInput(request);
    const listener: PulseListener = {
      handleRequest: () => undefined,
      handleUnderflow: () => undefined,
      handleOverflow: () => {
        stream.counters.deviceXruns += 1;
      },
      handleSound: (bytes, start, end) => stream.#take(bytes, start, end),
      handleEnd: (reason) => {
        if (!stream.#closed) request.onDidFail(reason);
      },
    };
    const connection = await PulseConnection.open(env, listener);
    stream.#connection = connection;
    try {
      const answer = await connection.call(COMMAND.createRecordStream, (fields) =>
        fields
          .monoFormat(SAMPLE_RATE_HZ)
          .u32(INVALID_INDEX)
          .text(source)
          .u32(INVALID_INDEX)
          .flag(false)
          .u32(request.step.blockSamples * BYTES_PER_SAMPLE)
          // Remapping, mixing and the format stay the server's business; the stream may be moved.
          .noFlags(7)
          .noFlags(1)
          // Adjusts the device's own buffers too.
          .flag(true)
          .properties(STREAM_PROPERTIES)
          .u32(INVALID_INDEX)
          .noFlags(3),
      );
      stream.#channel = answer.u32();
      if (answer.failed) throw new Error('the sound server speaks another language');
    } catch (error) {
      connection.close();
      throw error;
    }
    return stream;
  }

  private constructor(request: InputRequest) {
    this.#request = request;
  }

  async adopt(): Promise<boolean> {
    return false;
  }

  async latency(): Promise<StreamLatency | null> {
    try {
      const answer = await this.#connection?.call(COMMAND.getRecordLatency, (fields) =>
        fields.u32(this.#channel).time(),
      );
      return answer === undefined ? null : readLatency(answer, 'input');
    } catch {
      return null;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#connection?.close();
  }

  #take(bytes: Buffer, start: number, end: number): void {
    if (this.#closed) return;
    const blockBytes = MAX_BLOCK_SAMPLES * BYTES_PER_SAMPLE;
    for (let at = start; at + BYTES_PER_SAMPLE <= end; at += blockBytes) {
      const count = Math.floor(Math.min(blockBytes, end - at) / BYTES_PER_SAMPLE);
      bytes.copy(this.#blockBytes, 0, at, at + count * BYTES_PER_SAMPLE);
      this.#request.onBlock(this.#block, count);
    }
  }
}

/** One packet of sound to the server, with a view on its samples. */
interface SoundPacket {
  readonly bytes: Buffer;
  readonly samples: Float32Array;
  /** The part of `bytes` that `sized` samples need, kept because the size hardly ever changes. */
  part: Buffer;
  sized: number;
}

function makePacket(): SoundPacket {
  const bytes = Buffer.alloc(HEADER_BYTES + MAX_BLOCK_SAMPLES * BYTES_PER_SAMPLE);
  const samples = new Float32Array(bytes.buffer, bytes.byteOffset + HEADER_BYTES, MAX_BLOCK_SAMPLES);
  return { bytes, samples, part: bytes, sized: 0 };
}

/** A speaker of the sound server, which says when it wants more and when it has run dry. */
export class PulseOutput implements AudioStream {
  readonly counters = { deviceXruns: 0 };
  readonly #request: OutputRequest;
  readonly #packets = Array.from({ length: PACKETS }, makePacket);
  #turn = 0;
  #connection: PulseConnection | null = null;
  #channel = 0;
  #blockSamples: number;
  #owedSamples = 0;
  #feeding = false;
  /** The server has nothing left to play; true until all it asked for has been sent. */
  #dry = false;
  #closed = false;

  /** @throws PulseRefusal, or Error when there is no server */
  static async open(
    env: NodeJS.ProcessEnv,
    sink: string | null,
    request: OutputRequest,
  ): Promise<PulseOutput> {
    const stream = new PulseOutput(request);
    const listener: PulseListener = {
      handleRequest: (bytes) => stream.#handleRequest(bytes),
      handleUnderflow: () => {
        stream.counters.deviceXruns += 1;
        stream.#dry = true;
      },
      handleOverflow: () => undefined,
      handleSound: () => undefined,
      handleEnd: (reason) => {
        if (!stream.#closed) request.onDidFail(reason);
      },
    };
    const connection = await PulseConnection.open(env, listener);
    stream.#connection = connection;
    try {
      const answer = await connection.call(COMMAND.createPlaybackStream, (fields) =>
        putBuffers(
          fields.monoFormat(SAMPLE_RATE_HZ).u32(INVALID_INDEX).text(sink).u32(INVALID_INDEX).flag(false),
          request.step,
        )
          .u32(0)
          .fullVolume()
          .noFlags(7)
          .noFlags(1)
          .flag(true)
          .properties(STREAM_PROPERTIES)
          // The server remembers a volume for us; it is not ours to set.
          .noFlags(5),
      );
      stream.#channel = answer.u32();
      answer.u32();
      const room = answer.u32();
      if (answer.failed) throw new Error('the sound server speaks another language');
      stream.#handleRequest(room);
    } catch (error) {
      connection.close();
      throw error;
    }
    return stream;
  }

  private constructor(request: OutputRequest) {
    this.#request = request;
    this.#blockSamples = Math.min(MAX_BLOCK_SAMPLES, request.step.blockSamples);
  }

  async adopt(step: BufferStep): Promise<boolean> {
    try {
      await this.#connection?.call(COMMAND.setPlaybackStreamBufferAttr, (fields) =>
        putBuffers(fields.u32(this.#channel).u32(INVALID_INDEX), step).flag(true).flag(false),
      );
      this.#blockSamples = Math.min(MAX_BLOCK_SAMPLES, step.blockSamples);
      return true;
    } catch {
      return false;
    }
  }

  async latency(): Promise<StreamLatency | null> {
    try {
      const answer = await this.#connection?.call(COMMAND.getPlaybackLatency, (fields) =>
        fields.u32(this.#channel).time(),
      );
      return answer === undefined ? null : readLatency(answer, 'output');
    } catch {
      return null;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#connection?.close();
  }

  #handleRequest(bytes: number): void {
    this.#owedSamples += Math.floor(bytes / BYTES_PER_SAMPLE);
    if (!this.#feeding) void this.#feed();
  }

  /**
   * Sends what is owed. The server goes on in time when it runs dry and throws away what comes too late, so that
   * delay never grows; but then a mixer that is not ahead could be late for ever. So silence gets it ahead again.
   */
  async #feed(): Promise<void> {
    this.#feeding = true;
    let hopeless = false;
    while (this.#owedSamples > 0 && !this.#closed) {
      if (this.#turn % PACKETS === 0) await this.#waitUntilSent();
      const count = Math.min(this.#owedSamples, this.#blockSamples);
      if (!hopeless) {
        const made = await this.#request.prepare(count, this.#dry ? DRY_LIMIT_MS : undefined);
        if (this.#closed) break;
        hopeless = this.#dry && !made;
      }
      this.#send(count);
    }
    this.#dry = false;
    this.#feeding = false;
  }

  async #waitUntilSent(): Promise<void> {
    while (!this.#closed && (this.#connection?.unsentBytes ?? 0) > 0) {
      await new Promise((resolve) => setTimeout(resolve, STUCK_POLL_MS));
    }
  }

  #send(count: number): void {
    const connection = this.#connection;
    const packet = this.#packets[this.#turn % PACKETS];
    if (connection === null || packet === undefined) return;
    this.#turn += 1;
    this.#owedSamples -= count;
    if (this.#owedSamples > MAX_OWED_SAMPLES) packet.samples.fill(0, 0, count);
    else this.#request.pullBlock(packet.samples, count);
    if (packet.sized !== count) {
      packet.bytes.writeUInt32BE(count * BYTES_PER_SAMPLE, 0);
      packet.part = packet.bytes.subarray(0, HEADER_BYTES + count * BYTES_PER_SAMPLE);
      packet.sized = count;
    }
    packet.bytes.writeUInt32BE(this.#channel, 4);
    connection.send(packet.part);
  }
}
