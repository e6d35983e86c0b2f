import { describe, expect, it } from 'vitest';
import { createRng } from '../base/rng.ts';
import { EchoPresence } from './echo-presence.ts';
import { BLOCK_SAMPLES } from './processing-stage.ts';
import { RestingEcho } from './resting-echo.ts';
import { ToyStage } from './toy-stage.ts';

const PLAYED = 0.01;
const NOISE = 1e-7;
const VOICE = 0.003;
/** The echo comes so many blocks after what is played. */
const ECHO_DELAY = 12;

/** Played and heard powers, block by block. */
class Scene {
  readonly presence = new EchoPresence();
  readonly #played: number[] = [];

  /** @param coupling of the echo, as power */
  run(blocks: number, played: number, coupling: number, voice: (block: number) => number = () => 0): void {
    for (let block = 0; block < blocks; block += 1) {
      this.#played.push(played);
      const echo = coupling * (this.#played.at(-1 - ECHO_DELAY) ?? 0);
      this.presence.handleReference(played);
      this.presence.handleCapture(NOISE + echo + voice(block));
    }
  }
}

/** Words of half a second, pauses of a quarter. */
function talk(block: number): number {
  return block % 75 < 50 ? VOICE : 0;
}

describe('the presence of echo', () => {
  it('is assumed until something was played', () => {
    const scene = new Scene();
    scene.run(500, 0, 0);
    expect(scene.presence.isAbsent).toBe(false);
  });

  it('is disproved by a microphone that hears nothing while the speaker sounds', () => {
    const scene = new Scene();
    scene.run(100, PLAYED, 0);
    expect(scene.presence.isAbsent).toBe(true);
  });

  it('is disproved in the pauses of somebody who talks all the time', () => {
    const scene = new Scene();
    scene.run(200, PLAYED, 0, talk);
    expect(scene.presence.isAbsent).toBe(true);
  });

  it.each([-7, -20, -35])('is not disproved where there is one of %i dB, whoever talks', (echoDb) => {
    const coupling = 10 ** (echoDb / 10);
    const scene = new Scene();
    scene.run(300, 0, coupling);
    for (let round = 0; round < 20; round += 1) {
      scene.run(90, PLAYED, coupling, talk);
      expect(scene.presence.isAbsent).toBe(false);
      scene.run(40, 0, coupling);
      expect(scene.presence.isAbsent).toBe(false);
    }
  });

  it('is not disproved before an echo can have arrived', () => {
    const scene = new Scene();
    scene.run(300, 0, 0);
    scene.run(49, PLAYED, 0);
    expect(scene.presence.isAbsent).toBe(false);
  });

  it('is not disproved by a microphone that is switched off', () => {
    const presence = new EchoPresence();
    for (let block = 0; block < 500; block += 1) {
      presence.handleReference(PLAYED);
      presence.handleCapture(0);
    }
    expect(presence.isAbsent).toBe(false);
  });

  it('is assumed again after three seconds of sound with one: somebody pulled the plug', () => {
    const scene = new Scene();
    scene.run(200, PLAYED, 0);
    // While nothing is played nothing is known either, and nothing can be heard.
    scene.run(1_000, 0, 0.1);
    expect(scene.presence.isAbsent).toBe(true);
    scene.run(310, PLAYED, 0.1);
    expect(scene.presence.isAbsent).toBe(false);
  });

  it('is disproved under noise too, once the noise is known, unless that is loud', () => {
    const inNoise = (noise: number): EchoPresence => {
      const presence = new EchoPresence();
      for (let block = 0; block < 700; block += 1) {
        presence.handleReference(block < 400 ? 0 : PLAYED);
        presence.handleCapture(noise);
      }
      return presence;
    };
    expect(inNoise(2e-6).isAbsent).toBe(true);
    expect(inNoise(1e-4).isAbsent).toBe(false);
  });
});

describe('an echo canceller that rests', () => {
  /** Takes the microphone down to a tenth, as one does that mistakes a voice for echo. */
  class Spoiler extends ToyStage {
    override process(block: Float32Array): void {
      super.process(block);
      for (let index = 0; index < block.length; index += 1) block[index] = (block[index] ?? 0) / 10;
    }
  }

  function run(echo: RestingEcho, sound: Float32Array, played: number): Float32Array {
    const out = sound.slice();
    const reference = new Float32Array(BLOCK_SAMPLES).fill(Math.sqrt(played));
    for (let start = 0; start < out.length; start += BLOCK_SAMPLES) {
      echo.handleReference(reference);
      echo.process(out.subarray(start, start + BLOCK_SAMPLES));
    }
    return out;
  }

  function hiss(blocks: number): Float32Array {
    const rng = createRng(2);
    return Float32Array.from({ length: blocks * BLOCK_SAMPLES }, () => 1e-3 * (rng.next() - 0.5));
  }

  it('gives out the own sound, as late as before, once there is no echo', () => {
    const stage = new Spoiler('echo', 430, []);
    const echo = new RestingEcho(stage);
    expect(echo.delaySamples).toBe(430);
    run(echo, hiss(100), PLAYED);
    expect(echo.rests).toBe(true);
    const voice = hiss(20).map((sample) => sample * 200);
    const out = run(echo, voice, PLAYED);
    for (let position = 430; position < out.length; position += 1)
      expect(out[position]).toBe(voice[position - 430]);
    // Behind it the canceller goes on learning.
    expect([stage.blocks, stage.references.length]).toEqual([120, 120]);
  });

  it('is heard while there may be an echo', () => {
    const echo = new RestingEcho(new Spoiler('echo', 430, []));
    const loud = hiss(200).map((sample) => sample * 200);
    const out = run(echo, loud, PLAYED);
    expect(echo.rests).toBe(false);
    expect(out[out.length - 1]).toBeCloseTo((loud[loud.length - 431] ?? 0) / 10, 6);
  });

  it('comes and goes without a step', () => {
    const echo = new RestingEcho(new Spoiler('echo', 430, []));
    const steady = new Float32Array(600 * BLOCK_SAMPLES);
    steady.fill(3e-4, 0, 100 * BLOCK_SAMPLES);
    // A rise as slow as the fades, so that the only steps could be theirs.
    for (let index = 100 * BLOCK_SAMPLES; index < steady.length; index += 1)
      steady[index] = Math.min(0.1, 3e-4 + (index - 100 * BLOCK_SAMPLES) * 1e-6);
    const out = run(echo, steady, PLAYED);
    let largest = 0;
    for (let index = 431; index < out.length; index += 1)
      largest = Math.max(largest, Math.abs((out[index] ?? 0) - (out[index - 1] ?? 0)));
    expect(echo.rests).toBe(false);
    expect(largest).toBeLessThan(0.1 / BLOCK_SAMPLES);
  });

  it('forgets with the device', () => {
    const echo = new RestingEcho(new Spoiler('echo', 430, []));
    run(echo, hiss(100), PLAYED);
    echo.reset();
    expect(echo.rests).toBe(false);
    run(echo, hiss(10), PLAYED);
    expect(echo.rests).toBe(false);
  });
});
