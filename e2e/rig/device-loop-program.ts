import { createRequire } from 'node:module';

/** Block of the sound device, as the program's own audio thread has it. */
const BLOCK_SAMPLES = 480;

/** Blocks queued inside the binding. */
const MAX_QUEUE = 2;

/** PortAudio's code for 32-bit floats, as the binding names it. */
const SAMPLE_FORMAT_FLOAT32 = 1;
const SAMPLE_BYTES = 4;

type Stream = {
  start(): void;
  read(bytes: number): Promise<{ buf: Buffer; finished: boolean }>;
  write(buffer: Buffer): Promise<void>;
};
type Binding = {
  create(options: Record<string, unknown>): Stream;
  getDevices(): { id: number; name: string }[];
};

const binding = createRequire(import.meta.url)('naudiodon/build/Release/naudiodon.node') as Binding;
const device = binding.getDevices().find(({ name }) => name === 'default');
const options = {
  deviceId: device?.id ?? -1,
  sampleRate: 48_000,
  channelCount: 1,
  sampleFormat: SAMPLE_FORMAT_FLOAT32,
  maxQueue: MAX_QUEUE,
  framesPerBuffer: BLOCK_SAMPLES,
  closeOnError: false,
};
const microphone = binding.create({ inOptions: options });
const speaker = binding.create({ outOptions: options });
process.once('SIGTERM', () => process.exit(0));
microphone.start();
speaker.start();
for (;;) {
  const { buf } = await microphone.read(BLOCK_SAMPLES * SAMPLE_BYTES);
  await speaker.write(buf);
}
