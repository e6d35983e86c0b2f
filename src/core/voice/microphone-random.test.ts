import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHANNEL_TARGET } from '../seal/key-ring.ts';
import { MicrophoneRig } from './microphone-rig.ts';
import type { ActivationMode } from './talk-gate.ts';
import { NOBODY, WHISPER_SPREAD_SAMPLES, WHISPER_TAIL_SAMPLES } from './whisper-schedule.ts';

/** Hundreds of runs take seconds, and more where others use the machine. */
const TIMEOUT_MS = 30_000;

describe('Microphone, at random', { timeout: TIMEOUT_MS }, () => {
  const step = fc.record({
    samples: fc.integer({ min: 1, max: 3_000 }),
    loud: fc.boolean(),
    stalled: fc.boolean(),
    press: fc.constantFrom<number | null | undefined>(undefined, undefined, null, null, 1, 2, 3, NOBODY),
    talk: fc.option(fc.boolean(), { nil: undefined }),
    mode: fc.constantFrom<ActivationMode | undefined>(
      undefined,
      undefined,
      undefined,
      'open',
      'pushToTalk',
      'voiceActivity',
    ),
    frameSamples: fc.constantFrom(undefined, undefined, undefined, 480, 960, 1_920, 2_880),
    delaySamples: fc.constantFrom(undefined, undefined, undefined, 0, 192, 480, 672, 1_080),
    preRollMs: fc.constantFrom(undefined, undefined, 0, 60, 200),
    releaseDelayMs: fc.constantFrom(0, 100, 1_000),
    muted: fc.constantFrom(undefined, undefined, undefined, undefined, undefined, false, true),
  });
  const steps = fc.array(step, { minLength: 10, maxLength: 60 });

  /** What nobody may have: the sound of two whispers, or what rings on of one. */
  const DISPUTED = -100;
  const MUTED = -101;

  /** Who may hear each sample, written down from the presses alone. */
  class Permissions {
    readonly #runs: { whisper: number; from: number; to: number }[] = [];
    readonly #mutes: { from: number; to: number }[] = [];
    #held: number | null = null;
    #since = 0;
    #mutedSince: number | null = null;

    press(whisper: number | null, at: number): void {
      if (whisper === this.#held) return;
      if (this.#held !== null)
        this.#runs.push({ whisper: this.#held, from: this.#since, to: at + WHISPER_TAIL_SAMPLES });
      this.#held = whisper;
      this.#since = at;
    }

    mute(muted: boolean, at: number): void {
      if (this.#mutedSince !== null) this.#mutes.push({ from: this.#mutedSince, to: at });
      this.#mutedSince = muted ? at : null;
    }

    owners(samples: number): Int8Array {
      const owners = new Int8Array(samples).fill(CHANNEL_TARGET);
      for (const { whisper, from, to } of this.#runs) {
        for (let sample = from; sample < Math.min(to, samples); sample += 1) {
          const free = owners[sample] === CHANNEL_TARGET || owners[sample] === whisper;
          owners[sample] = free ? whisper : DISPUTED;
        }
      }
      for (const { whisper, to } of this.#runs) {
        for (let sample = to; sample < Math.min(to + WHISPER_SPREAD_SAMPLES, samples); sample += 1)
          if (owners[sample] !== whisper) owners[sample] = DISPUTED;
      }
      for (const { from, to } of this.#mutes) owners.fill(MUTED, from, to);
      return owners;
    }
  }

  type Step = typeof steps extends fc.Arbitrary<(infer One)[]> ? One : never;

  function act(rig: MicrophoneRig, permissions: Permissions, list: readonly Step[]): void {
    for (const one of list) {
      rig.capture(one.samples, one.loud);
      if (!one.stalled) rig.drain();
      if (one.talk !== undefined) rig.talk(one.talk);
      if (one.mode !== undefined) rig.microphone.gate.mode = one.mode;
      if (one.frameSamples !== undefined) rig.microphone.setFrameSamples(one.frameSamples);
      if (one.delaySamples !== undefined) rig.delaySamples = one.delaySamples;
      if (one.preRollMs !== undefined) rig.microphone.setTalkTiming(one.releaseDelayMs, one.preRollMs);
      if (one.muted !== undefined) {
        permissions.mute(one.muted, rig.captured);
        rig.mute(one.muted);
      }
      if (one.press === undefined) continue;
      permissions.press(one.press, rig.captured);
      rig.whisper(one.press);
    }
    permissions.mute(false, rig.captured);
    rig.mute(false);
    permissions.press(null, rig.captured);
    rig.whisper(null);
    rig.run(WHISPER_TAIL_SAMPLES + 3 * 2_880, false);
  }

  /** @returns how much of it went to whispers, and to the channel, in samples */
  function check(
    rig: MicrophoneRig,
    owners: Int8Array,
  ): { whispered: number; spoken: number; sent: Uint8Array } {
    const counts = { whispered: 0, spoken: 0, sent: new Uint8Array(rig.captured) };
    let open: number | null = null;
    for (const { target, positions, faded, last } of rig.heard) {
      for (const sample of [...positions, ...faded])
        if (owners[sample] !== target)
          throw new Error(`sample ${sample} of ${owners[sample]} went to ${target}`);
      for (const [at, sample] of positions.entries()) {
        if (counts.sent[sample] !== 0) throw new Error(`sample ${sample} was sent twice`);
        if (sample <= (positions[at - 1] ?? -1)) throw new Error(`sample ${sample} came late`);
        counts.sent[sample] = 1;
      }
      // One talkspurt at a time: it ends with LAST before another target's begins.
      if (open !== null) expect(target).toBe(open);
      open = last ? null : target;
      if (target === CHANNEL_TARGET) counts.spoken += positions.length;
      else counts.whispered += positions.length;
    }
    return counts;
  }

  it('no datagram holds a sample of another target, or of a mute, and none is sent twice', () => {
    let whispered = 0;
    let spoken = 0;
    let preRollFrames = 0;
    fc.assert(
      fc.property(steps, fc.boolean(), (list, quiet) => {
        const rig = MicrophoneRig.in('open');
        const permissions = new Permissions();
        act(rig, permissions, quiet ? list.map((one) => ({ ...one, press: undefined })) : list);
        const counts = check(rig, permissions.owners(rig.captured));
        whispered += counts.whispered;
        spoken += counts.spoken;
        const { takenSamples, leftOutSamples, ...counters } = rig.microphone.counters();
        preRollFrames += counters.preRollFrames;
        expect(takenSamples + leftOutSamples + rig.delaySamples + rig.waiting).toBe(rig.captured);
      }),
      { numRuns: 400 },
    );
    // The run has tried all: seconds of whispers and of channel, and pre-roll.
    expect(whispered).toBeGreaterThan(48_000);
    expect(spoken).toBeGreaterThan(48_000);
    expect(preRollFrames).toBeGreaterThan(50);
  });

  it('loses no whispered sample while nothing is muted and the delay stays', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom(0, 192, 480, 672), (list, delaySamples) => {
        const rig = MicrophoneRig.in('open', delaySamples);
        const permissions = new Permissions();
        act(
          rig,
          permissions,
          list.map((one) => ({ ...one, muted: undefined, delaySamples: undefined })),
        );
        const owners = permissions.owners(rig.captured);
        const { sent } = check(rig, owners);
        const whole = rig.captured - 3 * 2_880;
        for (let sample = WHISPER_TAIL_SAMPLES; sample < whole; sample += 1) {
          const lost = (owners[sample] ?? 0) > CHANNEL_TARGET && sent[sample] === 0;
          if (lost) throw new Error(`sample ${sample} of ${owners[sample]} was lost`);
        }
      }),
      { numRuns: 200 },
    );
  });
});
