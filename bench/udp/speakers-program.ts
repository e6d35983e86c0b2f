import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Speakers for bench/udp, in a process of their own: `speakers-program.ts <port>`. Each message
 * `{ speakers, bursts, everyMs, lengths }` lets so many speak at once, so often; answered when all is said.
 */
const MAX_SPEAKERS = 64;
const port = Number(process.argv[2]);
const sockets = await Promise.all(
  Array.from({ length: MAX_SPEAKERS }, async () => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve));
    return socket;
  }),
);

/** What the parent asks for. */
export interface Speech {
  readonly speakers: number;
  readonly bursts: number;
  readonly everyMs: number;
  /** In bytes, taken in turn; real voice has many, a tone has one. */
  readonly lengths: readonly number[];
}

process.on('message', async (speech: Speech) => {
  let spoken = 0;
  const startMs = performance.now();
  for (let burst = 0; burst < speech.bursts; burst += 1) {
    for (const socket of sockets.slice(0, speech.speakers)) {
      socket.send(new Uint8Array(speech.lengths[spoken % speech.lengths.length] ?? 0).fill(7));
      spoken += 1;
    }
    await sleep(Math.max(0, startMs + (burst + 1) * speech.everyMs - performance.now()));
  }
  process.send?.('spoken');
});
process.send?.('ready');
