/** Loudest background that is imitated, in linear root mean square: -50 dBFS; what never gets fainter is a voice or music. */
const MAX_FLOOR = 0.003;

/** A background that rose is believed after some seconds: 20 ms at a time, by half a percent. */
const RISE_PER_FRAME = 1.005;

/** Out of digital silence no factor leads: some of a bit of 16. */
const LEAST_RISE = 1e-6;

/** How far the estimate follows a quieter frame at once. */
const FALL_SHARE = 0.3;

/** Smoothing of the noise: more low than high, as rooms and fans have it. */
const SMOOTHING = 0.7;

/** Turns smoothed uniform noise of -1 to 1 into noise of root mean square 1. */
const TO_UNIT = Math.sqrt((3 * (1 - SMOOTHING ** 2)) / (1 - SMOOTHING) ** 2);

/** Imitates the background behind a voice, so that a long gap does not sound like a dead line. */
export class ComfortNoise {
  private floorRms = -1;
  private state = 0x2545_f491;
  private smoothed = 0;

  /** Root mean square of the background, linear; 0 while none was heard between the words. */
  get floor(): number {
    return this.floorRms > MAX_FLOOR ? 0 : Math.max(0, this.floorRms);
  }

  /** Takes note of a decoded frame's level, linear root mean square. */
  observe(rms: number): void {
    if (this.floorRms < 0) this.floorRms = rms;
    else if (rms < this.floorRms) this.floorRms += FALL_SHARE * (rms - this.floorRms);
    else this.floorRms = Math.min(rms, this.floorRms * RISE_PER_FRAME + LEAST_RISE);
  }

  /** The next sample of noise at the background's level. */
  next(): number {
    // xorshift32 (Marsaglia 2003): chance would do, but the same call sounds the same.
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    const white = this.state / 0x8000_0000;
    this.smoothed = SMOOTHING * this.smoothed + (1 - SMOOTHING) * white;
    return this.smoothed * TO_UNIT * this.floor;
  }
}

/** Root mean square of `count` samples, linear. */
export function rmsOf(samples: Float32Array, offset: number, count: number): number {
  let sum = 0;
  for (let at = 0; at < count; at++) {
    const sample = samples[offset + at] ?? 0;
    sum += sample * sample;
  }
  return count > 0 ? Math.sqrt(sum / count) : 0;
}
