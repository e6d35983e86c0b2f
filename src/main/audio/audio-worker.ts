import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../core/base/assert.ts';
import { SampleRing } from '../../core/ring/sample-ring.ts';
import { preferPoolThreads, preferThisThread } from '../base/thread-priority.ts';
import { AudioEngine } from './audio-engine.ts';
import type { AudioCommand, AudioEvent, AudioWorkerData } from './audio-protocol.ts';
import { candidatesHere, chooseBackend } from './choose-backend.ts';
import { PulseSelection } from './pulse-server.ts';

// The audio thread: owns the device binding. Must share its environment with the main thread, or libpulse and
// ALSA, which read the process's environment, never see what is set here.

assert(parentPort !== null, 'the audio worker is a worker thread');
const port = parentPort;
const data = workerData as AudioWorkerData;
const pulse = new PulseSelection(process.env);

function send(event: AudioEvent): void {
  port.postMessage(event);
}

const engine = new AudioEngine({
  choose: async (excluded) =>
    chooseBackend(data.backend, await candidatesHere(data, process.env, pulse), excluded),
  capture: new SampleRing(data.captureMemory),
  playback: new SampleRing(data.playbackMemory),
  reference: data.referenceMemory === null ? null : new SampleRing(data.referenceMemory),
  inputId: data.inputId,
  outputId: data.outputId,
  remembered: data.remembered,
  emit: send,
  nowMs: () => performance.now(),
});

port.on('message', (command: AudioCommand) => {
  if (command.kind !== 'close') {
    engine.handle(command);
    return;
  }
  void engine.close().then(() => {
    send({ kind: 'closed' });
    port.close();
  });
});
preferThisThread();
await preferPoolThreads();
void engine.start();
