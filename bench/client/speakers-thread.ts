import { parentPort, workerData } from 'node:worker_threads';
import { HeadlessMember } from '../../e2e/rig/member/headless-member.ts';
import { assert } from '../../src/core/base/assert.ts';
import type { SpeakersCommand, SpeakersData, SpeakersEvent } from './speakers-protocol.ts';

const FRAME_MS = 20;

assert(parentPort !== null, 'the speakers run in a worker thread');
const port = parentPort;
const data = workerData as SpeakersData;
const members: HeadlessMember[] = [];
let talking = false;

function send(event: SpeakersEvent): void {
  port.postMessage(event);
}

async function join(): Promise<void> {
  for (let at = 0; at < data.count; at += 1) {
    const member = new HeadlessMember({ nickname: `Speaker ${at + 1}` });
    const outcome = await member.join(data);
    if (!outcome.ok) {
      send({ kind: 'failed', sentence: outcome.sentence });
      return;
    }
    members.push(member);
  }
  send({ kind: 'ready' });
}

/** Each speaks at its own moment within a frame, as people do. */
function speakFrom(at: number): void {
  const startMs = performance.now() + (at * FRAME_MS) / data.count;
  const firstPacket = Math.floor((at * data.packets.length) / data.count);
  let spoken = 0;
  const next = (): void => {
    // A timer that came late is made up for, so that the rate is right.
    while (startMs + spoken * FRAME_MS <= performance.now()) {
      const packet = data.packets[(firstPacket + spoken) % data.packets.length];
      if (talking && packet !== undefined) members[at]?.voice.speak(packet);
      spoken += 1;
    }
    setTimeout(next, Math.max(1, startMs + spoken * FRAME_MS - performance.now()));
  };
  next();
}

port.on('message', (command: SpeakersCommand) => {
  talking = command.talking;
});
await join();
for (let at = 0; at < data.count; at += 1) speakFrom(at);
