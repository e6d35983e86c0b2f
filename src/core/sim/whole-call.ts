import { assert } from '../base/assert.ts';
import type { SimClient } from './sim-client.ts';
import type { HeardFrame } from './sim-voice.ts';
import { Simulation, type SimulationOptions } from './simulation.ts';

/** Two people in one room. */
export interface Call {
  readonly simulation: Simulation;
  readonly anna: SimClient;
  readonly ben: SimClient;
}

/** Two people in one room, both with a voice path and keys. */
export function startCall(options: SimulationOptions): Call {
  const simulation = new Simulation(options);
  const anna = simulation.addClient('Anna');
  const ben = simulation.addClient('Ben');
  anna.connect();
  simulation.runFor(250);
  ben.connect();
  simulation.runFor(2_000);
  for (const { session, path } of [anna, ben])
    assert(session.phase === 'connected' && path?.alive === true, 'both are in the call');
  return { simulation, anna, ben };
}

/** Another one comes into the call. */
export function comeToo({ simulation }: Call, nickname: string): SimClient {
  const client = simulation.addClient(nickname);
  client.connect();
  simulation.runFor(2_000);
  assert(client.session.phase === 'connected' && client.path?.alive === true, `${nickname} is in the call`);
  return client;
}

export function framesSince(heard: readonly HeardFrame[], sinceMs: number): number[] {
  return heard.filter((frame) => frame.atMs >= sinceMs).map((frame) => frame.frame);
}

/** Numbers between the first and the last of `frames` that are missing. */
export function holesIn(frames: readonly number[]): number {
  const [first] = frames;
  const last = frames.at(-1);
  if (first === undefined || last === undefined) return 0;
  return last - first + 1 - new Set(frames).size;
}

/** Lets both speak for two and a half seconds. @returns for Anna and Ben, what they heard in the last two */
export function bothTalk({ simulation, anna, ben }: Call): { frames: number; holes: number }[] {
  anna.talking = true;
  ben.talking = true;
  simulation.runFor(500);
  const sinceMs = simulation.nowMs;
  simulation.runFor(2_000);
  return [anna, ben].map((listener) => {
    const frames = framesSince(listener.heard, sinceMs);
    return { frames: frames.length, holes: holesIn(frames) };
  });
}

/** The longest time from one frame to the next, the first counting from `sinceMs`. */
export function longestGapMs(heard: readonly HeardFrame[], sinceMs: number): number {
  let longestMs = 0;
  let previousMs = sinceMs;
  for (const { atMs } of heard) {
    if (atMs < sinceMs) continue;
    longestMs = Math.max(longestMs, atMs - previousMs);
    previousMs = atMs;
  }
  return longestMs;
}
