import { assert } from '../base/assert.ts';
import { TIMESTAMP_HZ } from '../wire/datagram.ts';
import { RecentMaximum } from './recent-maximum.ts';

const MS = TIMESTAMP_HZ / 1000;

/** Distance of the candidates, in samples: 2.5 ms divides every block that a sound device asks for. */
const STEP = 2.5 * MS;

/** Candidates reach 180 ms above the fastest packet: with the way there and the devices, more is felt (ITU-T G.114). */
const CELLS = 72;

/** Most that the target may lie above the fastest packet, in samples: 400 ms, of which a stall may hold the rest. */
export const MAX_TARGET_SAMPLES = 400 * MS;

/** What a millisecond of concealment costs, in milliseconds of delay for a second: 1 % concealed is worth 95 ms. */
const CONCEALMENT_WEIGHT_S = 9.5;

/** How long the past counts, in seconds: a network's rare moments must be seen twice; what wanders is followed anyway. */
const MEMORY_S = 45;

/** How long the first guess holds against what is measured, in seconds. */
const PRIOR_S = 2;

/** Short windows are made of buckets of 100 ms, five frames of 20 ms. */
const BUCKET_SAMPLES = 100 * MS;

/**
 * What candidates do: play at a fixed transit; the same, but hold up for HOLD_BUCKETS what a late packet needed; or
 * play so much above the fastest packet of the last FOLLOW_BUCKETS, for networks whose delay wanders.
 */
const FIXED = 0;
const HOLDING = 1;
const FOLLOWING = 2;
const GOALS = 3;
/** While something is overdue each of them slows down only the last of what is held, or (from EAGER on) all of it. */
const EAGER = GOALS;
const WAYS = 2 * GOALS;
const HOLD_BUCKETS = 1;
const FOLLOW_BUCKETS = 10;

/** Delay that is too much shrinks by this many times itself a second, within bounds that speech bears: 15 to 50 % faster. */
const FALL_PER_S = 6;
const MIN_FALL = 0.15;
const MAX_FALL = 0.5;

/** Delay that is missing is built up at this speed: a seventh slower is hardly heard. */
const RISE = 0.15;

/** Overdue is what is later than nearly all of the last ALARM_BUCKETS, and not by jitter of a wire alone, in samples. */
const ALARM_BUCKETS = 2;
/** Copies come while there is loss, but not with each packet: so many buckets without one, 5 s, and none is waited for. */
const COPY_BUCKETS = 50;

const ALARM_BELOW_SLOWEST = 5 * MS;
const ALARM_ABOVE_FASTEST = 5 * MS;

/** How much the last of what is held is, in samples: a frame of 20 ms and what of the one before still sounds. */
const SLOW_SAMPLES = 25 * MS;

/** Slowing down while something is overdue makes what is held last longer by this share of it, pitch permitting. */
const STRETCH_SHARE = 1;

/**
 * A frame that is there before its time fills so much of a hole before it, in samples, half of the time. More would
 * be filled the earlier it is there, and sound no better: 5 ms would cost two milliseconds of delay on every network
 * that loses.
 */
const LEAD_IN_SAMPLES = 2.5 * MS;
const LEAD_IN_SHARE = 0.5;

/** A stretched millisecond costs this much of a concealed one: it is hardly heard, but what is not needed is left out. */
const STRETCH_COST = 0.05;

/** Another candidate must be cheaper by so much, in samples of delay: every move is a stretch. */
const MOVE_GAIN = 0.5 * MS;

/** A transit that differs by more than this is another clock, not a slow packet, in samples: 5 s. */
const CLOCK_JUMP = 5_000 * MS;

/** Window of the fastest packet, in buckets of BUCKET_SAMPLES: 4 s, so that a route that became slower is believed. */
const FLOOR_BUCKETS = 40;

/**
 * Decides how long frames wait: simulates many playouts side by side and follows the cheapest.
 *
 * A transit is the output clock (samples handed to the device) at which a frame could be played at the earliest,
 * minus the frame's timestamp. Each candidate aims at a transit of its own, slows down while a frame is overdue,
 * conceals while it is late, and returns to its aim. What each would have cost in delay and in concealment is
 * summed up with exponential forgetting. There is no quantile and no base delay in it: a new route, a stall, a
 * drifting clock and plain jitter all are only costs.
 *
 * After Jamulus' parallel simulated buffers and the hindsight optimum of Moon, Kurose and Towsley (1998).
 */
export class DelayPlan {
  private readonly frameSamples: number;
  private readonly frameS: number;
  private readonly forget: number;
  /** Per candidate, way by way: where it plays, relative to `origin`; and its sums of delay and concealment. */
  private readonly positions = new Float64Array(CELLS * WAYS);
  private readonly delays = new Float64Array(CELLS * WAYS);
  private readonly concealed = new Float64Array(CELLS * WAYS);
  /** When copies of what is missing come: before that it is not overdue. */
  private readonly copies = new RecentMaximum(BUCKET_SAMPLES, COPY_BUCKETS);
  private readonly slowest = new RecentMaximum(BUCKET_SAMPLES, ALARM_BUCKETS);
  /** Of negated transits: the fastest packet of the present. */
  private readonly lows = new RecentMaximum(BUCKET_SAMPLES, FOLLOW_BUCKETS);
  /** Of negated transits: the fastest packet of late. */
  private readonly fastest = new RecentMaximum(BUCKET_SAMPLES, FLOOR_BUCKETS);
  private readonly initialSamples: number;
  /** Transit of the lowest candidate. */
  private origin = 0;
  private weightS = 0;
  private known = false;
  /** What is missing mostly comes after all: waiting for it pays. */
  holesFill = false;
  private clock = 0;
  /** What the device asked for last. */
  private blockSamples = STEP;
  /** Output time with packets in it: silence ages nothing that the floor is made of. */
  private heardSamples = 0;
  private bestCell = 0;
  private bestWay = 0;

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
    return this.origin + this.goal(this.bestWay, this.bestCell);
  }

  /** A late frame loses its beginning rather than move the delay. */
  get dropsLateBeginnings(): boolean {
    return this.bestWay % GOALS === FIXED;
  }

  /** A frame of that unwrapped timestamp, not yet here at output clock `clock`, is later than any of late. */
  isOverdue(timestamp: number, clock: number, transit: number): boolean {
    if (!this.known) return false;
    const relative = clock - timestamp - this.origin;
    if (this.bestWay < EAGER && relative <= transit - this.origin - SLOW_SAMPLES) return false;
    return relative > this.alarm();
  }

  /** Transit of the fastest packet of late. */
  get floorTransit(): number {
    const floor = -this.fastest.over(FLOOR_BUCKETS);
    return this.origin + (Number.isFinite(floor) ? floor : 0);
  }

  /** The output clock goes on, in samples. */
  advance(clock: number): void {
    if (clock > this.clock) this.blockSamples = clock - this.clock;
    this.clock = clock;
    this.slowest.advance(clock);
    this.copies.advance(clock);
    this.lows.advance(clock);
  }

  /**
   * A frame could be played from now on.
   *
   * @param timestamp unwrapped
   * @param reordered a later frame was there before: waiting for such a one does not move the delay
   * @param afterHole the one before it is missing
   * @param copy it came inside of a later packet
   * @param starting it belongs to the burst that a talkspurt may start with: its delay says nothing about the network
   */
  observe(timestamp: number, reordered: boolean, starting: boolean, afterHole: boolean, copy = false): void {
    const transit = this.clock - timestamp;
    if (!this.known) this.start(transit);
    if (Math.abs(transit - this.origin) > CLOCK_JUMP) this.moveClock(transit);
    let relative = transit - this.origin;
    this.heardSamples += this.frameSamples;
    this.fastest.advance(this.heardSamples);
    this.fastest.observe(-relative);
    relative += this.recentre();
    this.simulate(relative, reordered, starting, afterHole && !this.holesFill);
    this.lows.observe(-relative);
    if (!reordered && !starting) this.slowest.observe(relative);
    if (copy) this.copies.observe(relative);
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
    this.copies.shift(offset);
    this.fastest.shift(-offset);
    this.lows.shift(-offset);
    for (let way = 0; way < WAYS; way++) {
      if (way % GOALS !== FOLLOWING) this.moveCells(way, cells, offset);
      else this.moveOrigin(way * CELLS, offset);
    }
    if (this.bestWay % GOALS !== FOLLOWING) {
      this.bestCell = Math.max(0, Math.min(CELLS - 1, this.bestCell - cells));
    }
    return offset;
  }

  /** Those that follow count from the fastest packet, wherever the origin is. */
  private moveOrigin(start: number, offset: number): void {
    for (let at = start; at < start + CELLS; at++) this.positions[at] = (this.positions[at] ?? 0) + offset;
  }

  /** Candidate n of a way takes over from n + cells; those without one are guessed from the nearest. */
  private moveCells(way: number, cells: number, offset: number): void {
    const start = way * CELLS;
    const rising = cells > 0;
    for (let step = 0; step < CELLS; step++) {
      const cell = rising ? step : CELLS - 1 - step;
      const from = Math.max(0, Math.min(CELLS - 1, cell + cells));
      // Nearer to the end than any that was tried: it would have had more or less delay by so much, …
      const beyond = (cell + cells - from) * STEP;
      // … but what holds up a delay is above the lowest anyway.
      const gained = way % GOALS === HOLDING ? Math.max(0, beyond) : beyond;
      this.positions[start + cell] = (this.positions[start + from] ?? 0) + offset + beyond;
      this.delays[start + cell] = (this.delays[start + from] ?? 0) + gained * this.weightS;
      this.concealed[start + cell] = this.concealed[start + from] ?? 0;
    }
  }

  private goal(way: number, cell: number): number {
    return Math.max(this.base(way) + cell * STEP, way % GOALS === HOLDING ? this.held() : 0);
  }

  /** What the candidates of a way count from. */
  private base(way: number): number {
    if (way % GOALS !== FOLLOWING) return 0;
    const low = -this.lows.over(FOLLOW_BUCKETS);
    return Number.isFinite(low) ? low : 0;
  }

  private held(): number {
    return Math.min(this.slowest.over(HOLD_BUCKETS), MAX_TARGET_SAMPLES);
  }

  /** Relative transit at which it shows that a packet is missing: the next one is there. */
  private noticed(): number {
    if (!this.holesFill) return Number.POSITIVE_INFINITY;
    const low = -this.lows.over(ALARM_BUCKETS);
    return (Number.isFinite(low) ? low : 0) + this.frameSamples - 1;
  }

  /** Relative transit from which on a packet is overdue. */
  private alarm(): number {
    const low = -this.lows.over(ALARM_BUCKETS);
    const least = (Number.isFinite(low) ? low : 0) + ALARM_ABOVE_FASTEST;
    const slowest = this.slowest.over(ALARM_BUCKETS) - ALARM_BELOW_SLOWEST;
    return Math.max(least, slowest, this.copies.over(COPY_BUCKETS));
  }

  /** What is overdue is seen when the device asks for its next block; what has come by then never was overdue. */
  private seenAfter(alarm: number, relative: number): number {
    const blocks = Math.ceil((relative - alarm) / this.blockSamples) - 1;
    return blocks < 1 ? Number.POSITIVE_INFINITY : relative - blocks * this.blockSamples;
  }

  private simulate(relative: number, reordered: boolean, starting: boolean, afterHole: boolean): void {
    this.weightS = this.weightS * this.forget + this.frameS;
    const alarm = starting
      ? Number.POSITIVE_INFINITY
      : this.seenAfter(reordered ? this.noticed() : this.alarm(), relative);
    let best = Number.POSITIVE_INFINITY;
    let cheapest = 0;
    for (let way = 0; way < WAYS; way++) {
      const base = this.base(way);
      const least = way % GOALS === HOLDING ? Math.max(relative, this.held()) : Number.NEGATIVE_INFINITY;
      // Only the frame right before a hole can be stretched: what lies behind is decoded later.
      const held = reordered ? this.frameSamples : Number.POSITIVE_INFINITY;
      const slowsFrom = way < EAGER ? Math.min(held, SLOW_SAMPLES) : held;
      for (let cell = 0; cell < CELLS; cell++) {
        const at = way * CELLS + cell;
        const present = this.positions[at] ?? 0;
        const from = Math.max(alarm, present - slowsFrom);
        const position = slowedDown(present, relative, from);
        const late = relative - position;
        const aim = Math.max(base + cell * STEP, least);
        let next = position;
        let waited = 0;
        if (late <= 0) next = stepTowards(position, aim, this.frameSamples);
        else if (starting) next = relative;
        else if (reordered) waited = Math.min(late, Math.max(0, this.frameSamples - (position - present)));
        else {
          waited = late;
          next = way % GOALS === FIXED ? position + Math.max(0, late - this.frameSamples) : relative;
        }
        if (afterHole && late < 0) waited -= LEAD_IN_SHARE * Math.min(-late, LEAD_IN_SAMPLES);
        waited += STRETCH_COST * (position - present);
        this.positions[at] = next;
        const delay = (this.delays[at] ?? 0) * this.forget + next * this.frameS;
        const concealed = (this.concealed[at] ?? 0) * this.forget + waited;
        this.delays[at] = delay;
        this.concealed[at] = concealed;
        const cost = delay + CONCEALMENT_WEIGHT_S * concealed;
        if (cost >= best) continue;
        best = cost;
        cheapest = at;
      }
    }
    this.choose(cheapest, best);
  }

  /** Moves to the cheapest candidate where it is worth a move. */
  private choose(cheapest: number, cost: number): void {
    const at = this.bestWay * CELLS + this.bestCell;
    const present = (this.delays[at] ?? 0) + CONCEALMENT_WEIGHT_S * (this.concealed[at] ?? 0);
    if (present - cost <= MOVE_GAIN * this.weightS) return;
    this.bestCell = cheapest % CELLS;
    this.bestWay = (cheapest - this.bestCell) / CELLS;
  }
}

/** Where a playout at `position` is when a packet comes that was overdue from `alarm` on: what was held was stretched. */
function slowedDown(position: number, transit: number, alarm: number): number {
  if (transit <= alarm || position <= alarm) return position;
  const full = position + STRETCH_SHARE * (position - alarm);
  return transit >= full ? full : position + ((transit - alarm) * STRETCH_SHARE) / (1 + STRETCH_SHARE);
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
