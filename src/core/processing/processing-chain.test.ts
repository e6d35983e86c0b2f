import { describe, expect, it } from 'vitest';
import { ProcessingChain } from './processing-chain.ts';
import type { ProcessingSettings } from './processing-settings.ts';
import {
  BLOCK_SAMPLES,
  type EchoStage,
  type SuppressionStage,
  type VoiceDetector,
} from './processing-stage.ts';

const ALL_OFF: ProcessingSettings = {
  highPass: false,
  echoCancellation: false,
  noiseSuppression: 'off',
  gainControl: false,
  limiter: false,
};

/** Writes down that it ran, and delays. */
class ToyStage implements EchoStage, SuppressionStage {
  readonly delaySamples: number;
  readonly references: number[] = [];
  voiceProbability: number | null = null;
  fails: 'not' | 'throws' | 'damages' = 'not';
  readonly #name: string;
  readonly #ran: string[];
  readonly #held: number[];

  constructor(name: string, delaySamples: number, ran: string[]) {
    this.#name = name;
    this.delaySamples = delaySamples;
    this.#ran = ran;
    this.#held = Array.from({ length: delaySamples }, () => 0);
  }

  process(block: Float32Array): void {
    this.#ran.push(this.#name);
    if (this.fails === 'throws') throw new Error('broken');
    for (let index = 0; index < block.length; index += 1) {
      this.#held.push(block[index] ?? 0);
      block[index] = this.fails === 'damages' ? Number.NaN : (this.#held.shift() ?? 0);
    }
  }

  handleReference(block: Float32Array): void {
    this.references.push(block[0] ?? 0);
  }

  detect(): number {
    this.#ran.push(this.#name);
    return 0.7;
  }

  reset(): void {
    this.#held.fill(0);
  }
}

function rig(clock = { us: 0, stepUs: 0 }) {
  const ran: string[] = [];
  const chain = new ProcessingChain(() => {
    clock.us += clock.stepUs;
    return clock.us;
  });
  const echo = new ToyStage('echo', 192, ran);
  const light = new ToyStage('light', 480, ran);
  const strong = new ToyStage('strong', 888, ran);
  const detector: VoiceDetector = new ToyStage('detector', 0, ran);
  chain.setSettings(ALL_OFF);
  chain.provide('echoCancellation', echo);
  chain.provide('lightSuppression', light);
  chain.provide('strongSuppression', strong);
  chain.provide('voiceActivity', detector);
  return { chain, echo, light, strong, detector, ran, clock };
}

/** A tone that is the same function of the sample's position, however it is cut into blocks. */
class ToneFeed {
  position = 0;
  readonly heard: number[] = [];
  readonly chain: ProcessingChain;

  constructor(chain: ProcessingChain) {
    this.chain = chain;
  }

  run(blocks: number): void {
    const block = new Float32Array(BLOCK_SAMPLES);
    for (let count = 0; count < blocks; count += 1) {
      for (let index = 0; index < BLOCK_SAMPLES; index += 1) {
        block[index] = 0.4 * Math.sin((2 * Math.PI * 440 * this.position) / 48_000);
        this.position += 1;
      }
      this.chain.process(block);
      this.heard.push(...block);
    }
  }

  /** Largest step from one sample to the next. */
  largestStep(): number {
    let largest = 0;
    for (let index = 1; index < this.heard.length; index += 1)
      largest = Math.max(largest, Math.abs((this.heard[index] ?? 0) - (this.heard[index - 1] ?? 0)));
    return largest;
  }
}

/** The largest step that the tone itself makes, and a little for the slope of a cross-fade. */
const TONE_STEP = 0.4 * 2 * Math.sin((Math.PI * 440) / 48_000) * 1.5;

describe('the processing chain', () => {
  it('lets the sound through untouched when everything is off', () => {
    const { chain } = rig();
    const feed = new ToneFeed(chain);
    feed.run(3);
    expect(chain.delaySamples).toBe(0);
    feed.heard.forEach((sample, position) => {
      expect(sample).toBeCloseTo(0.4 * Math.sin((2 * Math.PI * 440 * position) / 48_000), 6);
    });
  });

  it('runs echo cancellation before noise suppression, and only one suppression', () => {
    const { chain, ran } = rig();
    chain.setSettings({ ...ALL_OFF, echoCancellation: true, noiseSuppression: 'light' });
    const feed = new ToneFeed(chain);
    feed.run(10);
    ran.length = 0;
    feed.run(1);
    expect(ran.filter((name) => name !== 'detector')).toEqual(['echo', 'light']);
    expect(chain.delaySamples).toBe(192 + 480);
  });

  it.each([['light'], ['strong']] as const)(
    'switches %s suppression and echo cancellation on and off without a click',
    (noiseSuppression) => {
      const { chain } = rig();
      const feed = new ToneFeed(chain);
      feed.run(2);
      chain.setSettings({ ...ALL_OFF, noiseSuppression });
      feed.run(8);
      chain.setSettings({ ...ALL_OFF, noiseSuppression, echoCancellation: true, gainControl: true });
      feed.run(8);
      chain.setSettings({ ...ALL_OFF, noiseSuppression: noiseSuppression === 'light' ? 'strong' : 'light' });
      feed.run(8);
      chain.setSettings(ALL_OFF);
      feed.run(4);
      expect(feed.largestStep()).toBeLessThan(TONE_STEP);
    },
  );
});
