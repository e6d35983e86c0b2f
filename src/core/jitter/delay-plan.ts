import { assert } from '../base/assert.ts';
import { TIMESTAMP_HZ } from '../wire/datagram.ts';
import { RecentMaximum } from './recent-maximum.ts';

const MS = TIMESTAMP_HZ / 1000;

/** Distance of the candidates, in samples: 2.5 ms divides every block that a sound device asks for. */
const STEP = 2.5 * MS;

/** Candidates reach 240 ms above the fastest packet: beyond, people talk over each other. */
const CELLS = 96;

/** Most that the target may lie above the fastest packet, in samples: 400 ms, of which a stall may hold the rest. */
export const MAX_TARGET_SAMPLES = 400 * MS;

/** What a second of concealment costs, in seconds of one second's delay: 1 % concealed is worth 20 ms of delay. */
const CONCEALMENT_WEIGHT_S = 2;

/** How long the past counts, in seconds: long enough to see a network's habits, short enough to leave them. */
const MEMORY_S = 12;

/** How long the first guess holds against what is measured, in seconds. */
const PRIOR_S = 2;

/** For how long a late packet holds the delay up, in buckets of BUCKET_SAMPLES: not at all, 0.3 s, 1.5 s. */
const HOLDS = [0, 3, 15] as const;
const BUCKET_SAMPLES = 100 * MS;

/** Delay that is too much goes down by its share per second, within these bounds of speed (stretching bears them). */
const FALL_PER_S = 1;
const MIN_FALL = 0.04;
const MAX_FALL = 0.5;
/** Delay that is missing is built up at this speed: a tenth slower is hardly heard. */
const RISE = 0.15;

/** A transit that differs by more than this is another clock, not a slow packet, in samples: 5 s. */
const CLOCK_JUMP = 5_000 * MS;

/** Window of the fastest packet, in buckets of BUCKET_SAMPLES: 4 s, so that a route that became slower is believed. */
const FLOOR_BUCKETS = 40;

/**
 * Decides how long frames wait: simulates many playouts side by side and follows the cheapest.
 *
 * A transit is the output clock (samples handed to the device) at which a frame could be played at the earliest,
 * minus the frame's timestamp. A candidate plays frames at a fixed transit and, when one comes later, conceals,
 * and then holds the delay that it needed for a while or not at all. What each would have cost in delay and in
 * concealment is summed up with exponential forgetting. There is no quantile and no base delay in it: a new
 * route, a stall, a drifting clock and plain jitter all are only costs.
 *
 * After Jamulus' parallel simulated buffers and the hindsight optimum of Moon, Kurose and Towsley (1998).
 */
export class DelayPlan {
  private readonly frameSamples: number;
  private readonly frameS: number;
  private readonly forget: number;
  /** Per candidate, hold by hold: where it plays, relative to `origin`; and its sums of delay and concealment. */
  private readonly positions = new Float64Array(CELLS * HOLDS.length);
  private readonly delays = new Float64Array(CELLS * HOLDS.length);
  private readonly concealed = new Float64Array(CELLS * HOLDS.length);
  private readonly slowest = new RecentMaximum(BUCKET_SAMPLES, HOLDS[HOLDS.length - 1] ?? 0);
  /** Of negated transits: the fastest packet of late. */
  private readonly fastest = new RecentMaximum(BUCKET_SAMPLES, FLOOR_BUCKETS);
  private readonly initialSamples: number;
  /** Transit of the lowest candidate. */
  private origin = 0;
  private weightS = 0;
  private known = false;
  private clock = 0;
  /** Output time with packets in it: silence ages nothing that the floor is made of. */
  private heardSamples = 0;
  private bestCell = 0;
  private bestHold = 0;

  constructor(frameSamples: number, initialSamples: number) {
    assert(frameSamples > 0, 'a frame has samples');
    this.frameSamples = frameSamples;
    this.frameS = frameSamples / TIMESTAMP_HZ;
    this.forget = Math.exp(-this.frameS / MEMORY_S);
    this.initialSamples = initialSamples;
  }

  /** A transit has been seen: there is a target. */
  get isKnown(): boolean {
    return this.known;
  }

  /** Transit at which frames should be played, in samples. */
  get targetTransit(): number {
    return this.origin + this.goal(this.bestHold, this.bestCell);
  }

  /** A late frame loses its beginning rather than move the delay. */
  get dropsLateBeginnings(): boolean {
    return this.bestHold === 0;
  }

  /** Transit of the fastest packet of late. */
  get floorTransit(): number {
    const floor = -this.fastest.over(FLOOR_BUCKETS);
    return this.origin + (Number.isFinite(floor) ? floor : 0);
  }

  /** The output clock goes on, in samples. */
  advance(clock: number): void {
    this.clock = clock;
    this.slowest.advance(clock);
  }

  /**
   * A frame could be played from now on.
   *
   * @param timestamp unwrapped
   * @param reordered a later frame was there before: waiting for such a one does not move the delay
   * @param starting it belongs to the burst that a talkspurt may start with: its delay says nothing about the network
   */
  observe(timestamp: number, reordered: boolean, starting: boolean): void {
    const transit = this.clock - timestamp;
    if (!this.known) this.start(transit);
    if (Math.abs(transit - this.origin) > CLOCK_JUMP) this.moveClock(transit);
    let relative = transit - this.origin;
    this.heardSamples += this.frameSamples;
    this.fastest.advance(this.heardSamples);
    this.fastest.observe(-relative);
    relative += this.recentre();
    if (!reordered && !starting) this.slowest.observe(relative);
    this.simulate(relative, reordered, starting);
  }

  /** The sender's clock was set anew: what was learnt about the network stays. */
  private moveClock(transit: number): void {
    const floor = -this.fastest.over(FLOOR_BUCKETS);
    this.origin = transit - (Number.isFinite(floor) ? floor : 0);
  }

  private start(transit: number): void {
    this.known = true;
    this.origin = transit;
    for (let at = 0; at < this.positions.length; at++) {
      const delay = (at % CELLS) * STEP;
      const miss = delay - this.initialSamples;
      this.positions[at] = delay;
      this.delays[at] = (PRIOR_S * miss * miss) / (2 * Math.max(this.initialSamples, 1));
    }
    this.bestCell = Math.min(CELLS - 1, Math.round(this.initialSamples / STEP));
  }

  /** Keeps the fastest packet among the lowest candidates. @returns by how much relative transits have moved */
  private recentre(): number {
    const floor = -this.fastest.over(FLOOR_BUCKETS);
    let cells = 0;
    if (floor < 0) cells = Math.floor(floor / STEP);
    else if (floor >= RAISE_CELLS * STEP) cells = Math.floor(floor / STEP);
    if (cells === 0) return 0;
    const offset = -cells * STEP;
    this.origin -= offset;
    this.slowest.shift(offset);
    this.fastest.shift(-offset);
    for (let hold = 0; hold < HOLDS.length; hold++) this.moveCells(hold * CELLS, cells, offset);
    this.bestCell = Math.max(0, Math.min(CELLS - 1, this.bestCell - cells));
    return offset;
  }

  /** Candidate n takes over from n + cells; those without one are guessed from the nearest. */
  private moveCells(start: number, cells: number, offset: number): void {
    const rising = cells > 0;
    for (let step = 0; step < CELLS; step++) {
      const cell = rising ? step : CELLS - 1 - step;
      const from = Math.max(0, Math.min(CELLS - 1, cell + cells));
      // Nearer to the end than any that was tried: it would have had less or more delay by so much.
      const beyond = (cell + cells - from) * STEP;
      this.positions[start + cell] = (this.positions[start + from] ?? 0) + offset + beyond;
      this.delays[start + cell] = (this.delays[start + from] ?? 0) + beyond * this.weightS;
      this.concealed[start + cell] = this.concealed[start + from] ?? 0;
    }
  }

  private goal(hold: number, cell: number): number {
    const fixed = cell * STEP;
    const buckets = HOLDS[hold] ?? 0;
    if (buckets === 0) return fixed;
    return Math.max(fixed, Math.min(this.slowest.over(buckets), MAX_TARGET_SAMPLES));
  }

  private simulate(relative: number, reordered: boolean, starting: boolean): void {
    this.weightS = this.weightS * this.forget + this.frameS;
    let best = Number.POSITIVE_INFINITY;
    for (let hold = 0; hold < HOLDS.length; hold++) {
      const held = hold === 0 ? Number.NEGATIVE_INFINITY : this.goal(hold, 0);
      for (let cell = 0; cell < CELLS; cell++) {
        const at = hold * CELLS + cell;
        const position = this.positions[at] ?? 0;
        const late = relative - position;
        let next = position;
        let waited = 0;
        if (late > 0) {
          if (starting) {
            next = relative;
          } else {
            waited = reordered ? Math.min(late, this.frameSamples) : late;
            if (!reordered) next = hold === 0 ? position + Math.max(0, late - this.frameSamples) : relative;
          }
        } else {
          next = stepTowards(position, Math.max(cell * STEP, held), this.frameSamples);
        }
        const delay = (this.delays[at] ?? 0) * this.forget + next * this.frameS;
        const concealed = (this.concealed[at] ?? 0) * this.forget + waited;
        this.positions[at] = next;
        this.delays[at] = delay;
        this.concealed[at] = concealed;
        const cost = delay + CONCEALMENT_WEIGHT_S * concealed;
        if (cost < best) {
          best = cost;
          this.bestCell = cell;
          this.bestHold = hold;
        }
      }
    }
  }
}

/** The floor rises by this many cells at a time (20 ms): a fast packet may come again. */
const RAISE_CELLS = 8;

/**
 * Where a delay of `position` samples is after `frameSamples` of playout on its way to `goal`; also the speed that
 * the real playout aims at.
 */
export function stepTowards(position: number, goal: number, frameSamples: number): number {
  const excess = position - goal;
  if (excess <= 0) return Math.min(goal, position + RISE * frameSamples);
  const speed = Math.min(MAX_FALL, Math.max(MIN_FALL, (FALL_PER_S * excess) / TIMESTAMP_HZ));
  return Math.max(goal, position - speed * frameSamples);
}
