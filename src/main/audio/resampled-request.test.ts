import { describe, expect, it } from 'vitest';
import { resampleInput, resampleOutput, samplesAt } from './resampled-request.ts';

const step = { blockSamples: 480, queueBlocks: 1 };
const unexpected = { id: '', step, onDidFail: () => expect.unreachable() };

/** Share of a tone of 1 kHz in the energy of `samples`, 0 to 1 (Goertzel). */
function toneShare(samples: readonly number[], rateHz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * 1_000) / rateHz);
  let before = 0;
  let last = 0;
  let energy = 0;
  for (const sample of samples) {
    const next = sample + coefficient * last - before;
    before = last;
    last = next;
    energy += sample * sample;
  }
  return (2 * (before * before + last * last - coefficient * before * last)) / (samples.length * energy);
}

describe.each([16_000, 44_100, 96_000])('a device at %i Hz', (rateHz) => {
  it('as microphone gives 48 kHz', async () => {
    const heard: number[] = [];
    const request = await resampleInput(
      { ...unexpected, onBlock: (samples, count) => heard.push(...samples.subarray(0, count)) },
      rateHz,
    );
    expect(request.step.blockSamples).toBe(samplesAt(rateHz, 480));
    const block = new Float32Array(request.step.blockSamples);
    for (let at = 0; at < rateHz; at += block.length) {
      for (let i = 0; i < block.length; i++) block[i] = Math.sin((2 * Math.PI * 1_000 * (at + i)) / rateHz);
      request.onBlock(block, block.length);
    }
    expect(Math.abs(heard.length - 48_000)).toBeLessThan(500);
    expect(toneShare(heard.slice(4_800, 43_200), 48_000)).toBeGreaterThan(0.999);
  });

  it('as speaker asks for what it then takes, and no more gathers however long it runs', async () => {
    let asked = 0;
    let pulled = 0;
    const request = await resampleOutput(
      {
        ...unexpected,
        prepare: async (count) => {
          asked = count;
          return true;
        },
        pullBlock: (into, count) => {
          expect(count).toBe(asked);
          for (let i = 0; i < count; i++, pulled++)
            into[i] = Math.sin((2 * Math.PI * 1_000 * pulled) / 48_000);
        },
      },
      rateHz,
    );
    const block = new Float32Array(request.step.blockSamples);
    const played: number[] = [];
    for (let at = 0; at < 4 * rateHz; at += block.length) {
      await request.prepare(block.length);
      request.pullBlock(block, block.length);
      played.push(...block);
    }
    expect(Math.abs(pulled - (played.length * 48_000) / rateHz)).toBeLessThan(500);
    expect(toneShare(played.slice(rateHz, 2 * rateHz), rateHz)).toBeGreaterThan(0.999);
  });
});
