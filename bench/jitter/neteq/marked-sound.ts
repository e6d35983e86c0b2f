/** Sound together with how much of each sample was decoded: 1 for real sound, stretched too, 0 for invented. */
export interface MarkedSound {
  readonly samples: Float32Array;
  readonly real: Float32Array;
}

export function silence(length: number): MarkedSound {
  return { samples: new Float32Array(length), real: new Float32Array(length) };
}

export function cut(sound: MarkedSound, start: number, end = sound.samples.length): MarkedSound {
  return { samples: sound.samples.slice(start, end), real: sound.real.slice(start, end) };
}

export function joined(...parts: readonly MarkedSound[]): MarkedSound {
  const out = silence(parts.reduce((sum, part) => sum + part.samples.length, 0));
  let at = 0;
  for (const part of parts) {
    out.samples.set(part.samples, at);
    out.real.set(part.real, at);
    at += part.samples.length;
  }
  return out;
}

/** Fades from the end of `first` into the start of `second` over `length` samples, which both have. */
export function crossFaded(first: MarkedSound, second: MarkedSound, length: number): MarkedSound {
  const start = first.samples.length - length;
  const out = joined(first, cut(second, length));
  for (let at = 0; at < length; at += 1) {
    const share = (at + 1) / (length + 1);
    const before = first.samples[start + at] ?? 0;
    out.samples[start + at] = before * (1 - share) + (second.samples[at] ?? 0) * share;
    out.real[start + at] = (first.real[start + at] ?? 0) * (1 - share) + (second.real[at] ?? 0) * share;
  }
  return out;
}
