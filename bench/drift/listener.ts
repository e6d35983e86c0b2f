import { align } from '../../e2e/sound/align.ts';
import type { GlitchKind } from '../../e2e/sound/glitch.ts';
import { findGlitches } from '../../e2e/sound/glitches.ts';
import { FRAME_SAMPLES, type Programme } from './programme.ts';
import { BLOCK_SAMPLES, type SoundCard } from './sound-card.ts';

const RATE_HZ = 48_000;

/** Sound is examined in pieces of this length: 10 s. */
const WINDOW_SAMPLES = 10 * RATE_HZ;

/** What the examination gets beyond both ends, so that nothing at an end is missed or invented: half a second. */
const MARGIN_SAMPLES = RATE_HZ / 2;

/** What is heard is kept for as long as the longest look back: window and margins. 22 s, whole blocks. */
const KEPT_SAMPLES = 2_200 * BLOCK_SAMPLES;

/** The delay is taken from this much, the loudest there is: 2 s, in which clocks part by less than a millisecond. */
const EXCERPT_SAMPLES = 2 * RATE_HZ;

/** At this share of the rate, 12 kHz. */
const DECIMATION = 4;

/** How far the delay can be from the last one. The first is looked for from 0 on. */
const RANGE_SAMPLES = 0.2 * RATE_HZ;

/** Below this, what is heard is not what was said, or nothing was said. */
const LEAST_SIMILARITY = 0.4;

/** Places of glitches kept for the report. */
const MAX_PLACES = 8;

/** Delay at one moment. */
export interface DelayPoint {
  readonly seconds: number;
  readonly delayMs: number;
  /** In the stretch without pauses. */
  readonly open: boolean;
}

export interface ListenerResult {
  readonly delays: readonly DelayPoint[];
  readonly glitches: Readonly<Record<GlitchKind, number>>;
  /** The first few: `minute:second kind strength`. */
  readonly places: readonly string[];
  /** Pieces of 10 s examined, and those whose delay could not be told. */
  readonly windows: number;
  readonly unaligned: number;
}

function decimated(samples: Float32Array): Float32Array {
  const low = new Float32Array(Math.floor(samples.length / DECIMATION));
  for (let at = 0; at < low.length; at += 1) {
    let sum = 0;
    for (let of = 0; of < DECIMATION; of += 1) sum += samples[at * DECIMATION + of] ?? 0;
    low[at] = sum / DECIMATION;
  }
  return low;
}

/** Holds what one side hears against what the other side said, piece by piece. */
export class Listener {
  readonly #programme: Programme;
  readonly #heardBy: SoundCard;
  readonly #saidBy: SoundCard;
  readonly #kept = new Float32Array(KEPT_SAMPLES);
  readonly #delays: DelayPoint[] = [];
  readonly #glitches: Record<GlitchKind, number> = { click: 0, dropout: 0, repeat: 0 };
  readonly #places: string[] = [];
  #heardSamples = 0;
  #windowStart = WINDOW_SAMPLES;
  #windows = 0;
  #unaligned = 0;
  /** Number of a sample that is heard minus number of the same one as it was said. */
  #shift = RANGE_SAMPLES;

  constructor(programme: Programme, heardBy: SoundCard, saidBy: SoundCard) {
    this.#programme = programme;
    this.#heardBy = heardBy;
    this.#saidBy = saidBy;
  }

  handleBlock(block: Float32Array): void {
    this.#kept.set(block, this.#heardSamples % KEPT_SAMPLES);
    this.#heardSamples += BLOCK_SAMPLES;
    if (this.#heardSamples < this.#windowStart + WINDOW_SAMPLES + MARGIN_SAMPLES) return;
    if (!this.#crossesBorder()) this.#examine();
    this.#windowStart += WINDOW_SAMPLES;
  }

  result(): ListenerResult {
    return {
      delays: this.#delays,
      glitches: this.#glitches,
      places: this.#places,
      windows: this.#windows,
      unaligned: this.#unaligned,
    };
  }

  /** Where the programme changes, the codec breaks off, and not the program under test. */
  #crossesBorder(): boolean {
    return this.#programme.borders.some((frame) => {
      const at = frame * FRAME_SAMPLES + this.#shift;
      return at > this.#windowStart - 2 * RATE_HZ && at < this.#windowStart + WINDOW_SAMPLES + 2 * RATE_HZ;
    });
  }

  #heard(from: number, count: number): Float32Array {
    return Float32Array.from({ length: count }, (_, at) => this.#kept[(from + at) % KEPT_SAMPLES] ?? 0);
  }

  #examine(): void {
    this.#windows += 1;
    this.#measureDelay();
    const from = this.#windowStart - MARGIN_SAMPLES;
    const heard = this.#heard(from, WINDOW_SAMPLES + 2 * MARGIN_SAMPLES);
    const saidFrom = from - Math.round(this.#shift) - MARGIN_SAMPLES;
    const said = this.#programme.sound(saidFrom, heard.length + 2 * MARGIN_SAMPLES);
    for (const { kind, atSample, strength } of findGlitches(heard, said, this.#shift - (from - saidFrom))) {
      if (atSample < MARGIN_SAMPLES || atSample >= MARGIN_SAMPLES + WINDOW_SAMPLES) continue;
      this.#glitches[kind] += 1;
      const seconds = (from + atSample) / RATE_HZ;
      const place = `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(3)} ${kind} ${strength.toFixed(1)}`;
      if (this.#places.length < MAX_PLACES) this.#places.push(place);
    }
  }

  #measureDelay(): void {
    const from = this.#loudestExcerpt();
    const heard = decimated(this.#heard(from, EXCERPT_SAMPLES));
    const saidFrom = from - Math.round(this.#shift) - RANGE_SAMPLES;
    const said = decimated(this.#programme.sound(saidFrom, EXCERPT_SAMPLES + 2 * RANGE_SAMPLES));
    const found = align(heard, said, { minLag: 0, maxLag: (2 * RANGE_SAMPLES) / DECIMATION });
    if (found === null || found.similarity < LEAST_SIMILARITY) {
      this.#unaligned += 1;
      return;
    }
    this.#shift = from - saidFrom - found.delaySamples * DECIMATION;
    const middle = from + EXCERPT_SAMPLES / 2;
    const heardMs = this.#heardBy.timeMs(middle);
    const saidMs = this.#saidBy.timeMs(middle - this.#shift);
    const open = this.#programme.isOpen(Math.floor((middle - this.#shift) / FRAME_SAMPLES));
    this.#delays.push({ seconds: heardMs / 1_000, delayMs: heardMs - saidMs, open });
  }

  #loudestExcerpt(): number {
    let loudest = -1;
    let best = this.#windowStart;
    for (let from = this.#windowStart; from < this.#windowStart + WINDOW_SAMPLES; from += EXCERPT_SAMPLES) {
      let power = 0;
      for (let at = from; at < from + EXCERPT_SAMPLES; at += 1)
        power += (this.#kept[at % KEPT_SAMPLES] ?? 0) ** 2;
      if (power > loudest) [loudest, best] = [power, from];
    }
    return best;
  }
}
