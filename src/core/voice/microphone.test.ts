import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SessionToken } from '../base/brand.ts';
import { CHANNEL_TARGET } from '../seal/key-ring.ts';
import { MAX_SEALED_PLAINTEXT_BYTES, openDatagram } from '../seal/sealed-datagram.ts';
import { readU32, writeU32 } from '../wire/big-endian.ts';
import { createHeader, decodeHeader, FLAG_LAST, FLAG_WHISPER, WHISPER_LIST_BIT } from '../wire/datagram.ts';
import { Microphone, type MicrophoneOut, SELF_TEST_TARGET } from './microphone.ts';
import type { ActivationMode } from './talk-gate.ts';
import { toyKey } from './toy-key.ts';
import { VoiceSender } from './voice-sender.ts';
import { MAX_PENDING_PRESSES, NOBODY, WHISPER_TAIL_SAMPLES } from './whisper-schedule.ts';

/**
 * Samples carry their own position: a loud one as a float between 1 and 2, a quiet one 2^17 times smaller (below any
 * threshold). Both are exact in 24 bits, and neither is the 0 that fills up a frame.
 */
const TAG_BASE = 2 ** 23;
const LOUD = 2 ** -23;
const QUIET = 2 ** -40;

function tagOf(sample: number): number {
  return sample >= 1 ? sample / LOUD - TAG_BASE : sample / QUIET - TAG_BASE;
}

const listOf = (whisper: number): number => WHISPER_LIST_BIT + whisper;

/** What left for the network, opened again: the captured samples `[from, to)`, and where it went. */
interface Heard {
  readonly target: number;
  readonly from: number;
  readonly to: number;
  readonly timestamp: number;
  readonly last: boolean;
}

/**
 * A microphone whose frames go through the sender and the sealing into datagrams. Its encoder writes down which
 * samples it was given, so that each datagram tells what sound is in it.
 */
class Bench implements MicrophoneOut {
  readonly microphone = new Microphone(0);
  readonly heard: Heard[] = [];
  readonly forgets: boolean[] = [];
  readonly selfTest: number[] = [];
  readonly #sender = new VoiceSender();
  readonly #header = createHeader();
  readonly #payload = new Uint8Array(8);
  readonly #opened = new Uint8Array(MAX_SEALED_PLAINTEXT_BYTES);
  readonly #block = new Float32Array(4_096);
  #captured = 0;
  /** Captured samples that wait, each loud or quiet. */
  #waiting: boolean[] = [];

  constructor() {
    this.#sender.setToken(7 as SessionToken);
    this.#sender.setChannelKey(toyKey(0, 1));
    for (let whisper = 1; whisper <= 3; whisper += 1)
      this.#sender.setWhisperKey(listOf(whisper), toyKey(whisper, whisper));
    this.microphone.setInRoom(true);
  }

  get captured(): number {
    return this.#captured;
  }

  encodeFrame(
    samples: Float32Array,
    target: number,
    timestamp: number,
    last: boolean,
    forget: boolean,
  ): void {
    this.forgets.push(forget);
    const silenceFrom = samples.indexOf(0);
    const count = silenceFrom < 0 ? samples.length : silenceFrom;
    const from = count === 0 ? 0 : tagOf(samples[0] ?? 0);
    let inOrder = samples.subarray(count).every((sample) => sample === 0);
    for (let at = 0; at < count; at += 1) inOrder &&= tagOf(samples[at] ?? 0) === from + at;
    expect(inOrder).toBe(true);
    if (target === SELF_TEST_TARGET) {
      this.selfTest.push(from);
      return;
    }
    writeU32(this.#payload, 0, from);
    writeU32(this.#payload, 4, from + count);
    const wireTarget = target === CHANNEL_TARGET ? CHANNEL_TARGET : listOf(target);
    this.#sender.handleFrame(this.#payload, 8, timestamp, last, wireTarget, this);
  }

  sendDatagram(bytes: Uint8Array, lengthBytes: number): void {
    const header = this.#header;
    expect(decodeHeader(bytes, lengthBytes, header)).toEqual({ ok: true });
    const whisper = (header.flags & FLAG_WHISPER) !== 0 ? header.target - WHISPER_LIST_BIT : CHANNEL_TARGET;
    const key = whisper === CHANNEL_TARGET ? toyKey(0, 1) : toyKey(whisper, whisper);
    const { payloadOffset, sequence, timestamp } = header;
    const opened = openDatagram(bytes, lengthBytes, payloadOffset, sequence, key, this.#opened);
    expect(opened.ok).toBe(true);
    this.heard.push({
      target: whisper,
      from: readU32(this.#opened, 0),
      to: readU32(this.#opened, 4),
      timestamp,
      last: (header.flags & FLAG_LAST) !== 0,
    });
  }

  /** The device hands over `count` samples; they wait until `drain`. */
  capture(count: number, loud = true): void {
    for (let at = 0; at < count; at += 1) this.#waiting.push(loud);
    this.#captured += count;
  }

  drain(): void {
    for (let wanted = this.microphone.nextSamples(); wanted <= this.#waiting.length; ) {
      const first = this.microphone.position;
      for (let at = 0; at < wanted; at += 1) {
        this.#block[at] = (TAG_BASE + first + at) * (this.#waiting[at] ? LOUD : QUIET);
      }
      this.#waiting.splice(0, wanted);
      this.microphone.handleSamples(this.#block, wanted, this);
      wanted = this.microphone.nextSamples();
    }
  }

  /** As the device and the encoder thread go on: 10 ms at a time. */
  run(samples: number, loud = true): void {
    for (let done = 0; done < samples; done += 480) {
      this.capture(Math.min(480, samples - done), loud);
      this.drain();
    }
  }

  whisper(whisper: number | null): void {
    this.microphone.handleWhisper(whisper, this.#waiting.length, this);
    this.drain();
  }

  dropWaiting(): void {
    const count = this.#waiting.length;
    this.#waiting = [];
    this.microphone.handleGap(count, this);
  }

  /** Runs of captured samples, neighbours joined, as each target got them. */
  runs(target: number): number[][] {
    const runs: number[][] = [];
    for (const { from, to } of this.heard.filter((one) => one.target === target)) {
      const before = runs.at(-1);
      if (before?.[1] === from) before[1] = to;
      else if (to > from) runs.push([from, to]);
    }
    return runs;
  }
}

function benchIn(mode: ActivationMode): Bench {
  const bench = new Bench();
  bench.microphone.gate.mode = mode;
  bench.run(WHISPER_TAIL_SAMPLES, false);
  return bench;
}

describe('Microphone', () => {
  it('sends nothing of the first 200 ms: whose it is nobody knows', () => {
    const bench = new Bench();
    bench.microphone.gate.mode = 'open';
    bench.run(WHISPER_TAIL_SAMPLES + 1_920);
    expect(bench.runs(CHANNEL_TARGET)).toEqual([[WHISPER_TAIL_SAMPLES, WHISPER_TAIL_SAMPLES + 1_920]]);
    expect(bench.microphone.counters().nobodysSamples).toBe(WHISPER_TAIL_SAMPLES);
  });

  it('parts channel and whisper at the very sample of the press, and of the release and its tail', () => {
    const bench = benchIn('open');
    bench.run(2_400);
    const pressed = bench.captured;
    bench.whisper(2);
    bench.run(4_800);
    bench.capture(77);
    const released = bench.captured;
    bench.whisper(null);
    bench.run(2 * WHISPER_TAIL_SAMPLES);
    const tailEnd = released + WHISPER_TAIL_SAMPLES;
    expect(bench.runs(2)).toEqual([[pressed, tailEnd]]);
    expect(bench.runs(CHANNEL_TARGET)[0]).toEqual([WHISPER_TAIL_SAMPLES, pressed]);
    expect(bench.runs(CHANNEL_TARGET)[1]?.[0]).toBe(tailEnd);
    expect(bench.heard.filter(({ last }) => last).map(({ target }) => target)).toEqual([CHANNEL_TARGET, 2]);
  });

  it('leaves to the channel what waited in the ring when the key went down', () => {
    const bench = benchIn('open');
    bench.run(960);
    bench.capture(2_000);
    const pressed = bench.captured;
    bench.whisper(1);
    bench.run(960);
    expect(bench.runs(CHANNEL_TARGET)).toEqual([[WHISPER_TAIL_SAMPLES, pressed]]);
    expect(bench.runs(1)).toEqual([[pressed, pressed + 960]]);
  });

  it('ends a talkspurt that was cut exactly between two frames with a frame of silence, at once', () => {
    const bench = benchIn('open');
    bench.run(960);
    bench.whisper(1);
    expect(bench.heard.map(({ from, to, last }) => [to - from, last])).toEqual([
      [960, false],
      [0, true],
    ]);
  });

  it('lets no talkspurt overlap the frame that was filled up before it', () => {
    const bench = benchIn('open');
    bench.whisper(1);
    bench.run(100);
    bench.whisper(null);
    bench.run(WHISPER_TAIL_SAMPLES);
    bench.whisper(1);
    bench.run(960);
    const times = bench.heard.filter(({ target }) => target === 1).map(({ timestamp }) => timestamp);
    for (let at = 1; at < times.length; at += 1)
      expect((times[at] ?? 0) - (times[at - 1] ?? 0)).toBeGreaterThanOrEqual(960);
    expect(bench.runs(1)).toEqual([[WHISPER_TAIL_SAMPLES, bench.captured]]);
  });

  it('begins to the channel, with voice activity, only after the level has fallen once', () => {
    const bench = benchIn('voiceActivity');
    bench.whisper(1);
    bench.run(960);
    bench.whisper(null);
    bench.run(WHISPER_TAIL_SAMPLES + 9_600);
    expect(bench.runs(CHANNEL_TARGET)).toEqual([]);
    bench.run(960, false);
    const quietUntil = bench.captured;
    bench.run(1_920);
    expect(bench.runs(CHANNEL_TARGET)).toEqual([[quietUntil, quietUntil + 1_920]]);
  });

  it('gives to nobody what two whispers could both own', () => {
    const bench = benchIn('pushToTalk');
    bench.whisper(1);
    bench.run(960);
    const changed = bench.captured;
    bench.whisper(2);
    bench.run(2 * WHISPER_TAIL_SAMPLES);
    expect(bench.runs(1)).toEqual([[WHISPER_TAIL_SAMPLES, changed]]);
    expect(bench.runs(2)).toEqual([[changed + WHISPER_TAIL_SAMPLES, bench.captured]]);
    expect(bench.heard.filter(({ target, last }) => target === 1 && last)).toHaveLength(1);
  });

  it('closes the channel for a whisper to nobody, tail included', () => {
    const bench = benchIn('open');
    bench.whisper(NOBODY);
    bench.run(960);
    const released = bench.captured;
    bench.whisper(null);
    bench.run(WHISPER_TAIL_SAMPLES + 960);
    expect(bench.heard.map(({ from }) => from)).toEqual([released + WHISPER_TAIL_SAMPLES]);
  });

  it('is silent to everybody while muted, and outside of a room', () => {
    const bench = benchIn('open');
    bench.microphone.gate.muted = true;
    bench.whisper(1);
    bench.run(960);
    bench.whisper(null);
    bench.run(2 * WHISPER_TAIL_SAMPLES);
    bench.microphone.gate.muted = false;
    bench.microphone.setInRoom(false);
    bench.whisper(1);
    bench.run(960);
    expect(bench.heard).toEqual([]);
    expect(bench.microphone.sendingTo).toBeNull();
  });

  it('has the encoder forget at each change of target, and only there', () => {
    const bench = benchIn('open');
    bench.run(1_920);
    bench.whisper(1);
    bench.run(960);
    bench.whisper(null);
    bench.run(WHISPER_TAIL_SAMPLES + 960);
    const expected = bench.heard.map(({ target }, at) => at > 0 && target !== bench.heard[at - 1]?.target);
    expect(bench.forgets).toEqual(expected);
    expect(expected.filter(Boolean)).toHaveLength(2);
  });

  it('ends the talkspurt before the hear-yourself test, and lets nothing of the test out', () => {
    const bench = benchIn('open');
    bench.run(960);
    bench.microphone.setSelfTest(true, bench);
    bench.run(1_920);
    bench.microphone.setSelfTest(false, bench);
    bench.run(960);
    expect(bench.heard.map(({ last }) => last)).toEqual([false, true, false]);
    expect(bench.selfTest).toHaveLength(2);
    expect(bench.forgets).toEqual([false, false, true, false, true]);
  });

  it('skips what grew old, and still parts the targets', () => {
    const bench = benchIn('open');
    bench.run(960);
    bench.capture(500);
    bench.microphone.handleWhisper(1, 500, bench);
    bench.capture(3_000);
    bench.dropWaiting();
    const skipped = bench.captured;
    bench.run(960);
    expect(bench.heard.map(({ target, from, to, last }) => [target, to - from, last])).toEqual([
      [CHANNEL_TARGET, 960, false],
      [CHANNEL_TARGET, 0, true],
      [1, 960, false],
    ]);
    expect(bench.runs(1)).toEqual([[skipped, skipped + 960]]);
  });

  it('takes a new frame length between two frames', () => {
    const bench = benchIn('open');
    bench.microphone.setFrameSamples(2_880);
    bench.run(5_760);
    expect(bench.heard.map(({ from, to }) => to - from)).toEqual([2_880, 2_880]);
  });

  it('sends to nobody when more presses wait than MAX_PENDING_PRESSES', () => {
    const bench = benchIn('open');
    for (let press = 0; press <= MAX_PENDING_PRESSES; press += 1) {
      bench.capture(10);
      bench.microphone.handleWhisper(press % 2 === 0 ? 1 : null, 10 * (press + 1), bench);
    }
    bench.drain();
    bench.run(WHISPER_TAIL_SAMPLES + 960);
    const known = WHISPER_TAIL_SAMPLES + 10 * (MAX_PENDING_PRESSES + 1) + WHISPER_TAIL_SAMPLES;
    for (const { from } of bench.heard) expect(from).toBeGreaterThanOrEqual(known);
  });
});

describe('Microphone, at random', () => {
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
  });

  /** What no single whisper may have: the sound of two. */
  const DISPUTED = -100;

  /** Who may hear each sample, written down from the presses alone. */
  class Permissions {
    readonly #runs: { whisper: number; from: number; to: number }[] = [];
    #held: number | null = null;
    #since = 0;

    press(whisper: number | null, at: number): void {
      if (whisper === this.#held) return;
      if (this.#held !== null)
        this.#runs.push({ whisper: this.#held, from: this.#since, to: at + WHISPER_TAIL_SAMPLES });
      this.#held = whisper;
      this.#since = at;
    }

    owners(samples: number): Int8Array {
      const owners = new Int8Array(samples).fill(CHANNEL_TARGET);
      for (const { whisper, from, to } of this.#runs) {
        for (let sample = from; sample < Math.min(to, samples); sample += 1) {
          const free = owners[sample] === CHANNEL_TARGET || owners[sample] === whisper;
          owners[sample] = free ? whisper : DISPUTED;
        }
      }
      return owners;
    }
  }

  it('no datagram holds a sample of another target, and no whispered sample is lost', () => {
    let whispered = 0;
    let spoken = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => {
        const bench = benchIn('open');
        const permissions = new Permissions();
        for (const { samples, loud, stalled, press, talk, mode, frameSamples } of steps) {
          bench.capture(samples, loud);
          if (!stalled) bench.drain();
          if (talk !== undefined) bench.microphone.gate.pushToTalkHeld = talk;
          if (mode !== undefined) bench.microphone.gate.mode = mode;
          if (frameSamples !== undefined) bench.microphone.setFrameSamples(frameSamples);
          if (press === undefined) continue;
          permissions.press(press, bench.captured);
          bench.whisper(press);
        }
        permissions.press(null, bench.captured);
        bench.whisper(null);
        bench.run(WHISPER_TAIL_SAMPLES + 2 * 2_880, false);
        const owners = permissions.owners(bench.captured);
        const sent = new Uint8Array(bench.captured);
        let open: number | null = null;
        for (const { target, from, to, last } of bench.heard) {
          for (let sample = from; sample < to; sample += 1) {
            if (owners[sample] !== target || sent[sample] !== 0) {
              throw new Error(`sample ${sample} of ${owners[sample]} went to ${target}`);
            }
            sent[sample] = 1;
          }
          // One talkspurt at a time: it ends with LAST before another target's begins.
          if (open !== null) expect(target).toBe(open);
          open = last ? null : target;
          if (target === CHANNEL_TARGET) spoken += to - from;
          else whispered += to - from;
        }
        const whole = bench.captured - 2 * 2_880;
        for (let sample = WHISPER_TAIL_SAMPLES; sample < whole; sample += 1) {
          const lost = (owners[sample] ?? 0) > CHANNEL_TARGET && sent[sample] === 0;
          if (lost) throw new Error(`sample ${sample} of ${owners[sample]} was lost`);
        }
      }),
      { numRuns: 400 },
    );
    // The run has tried both: seconds of whispers and of channel.
    expect(whispered).toBeGreaterThan(48_000);
    expect(spoken).toBeGreaterThan(48_000);
  });
});
