/** A complex signal: real and imaginary parts of equal length. */
export type Complex = { readonly re: Float64Array; readonly im: Float64Array };

/** The smallest power of two that is at least `length`. */
export function nextPowerOfTwo(length: number): number {
  let size = 1;
  while (size < length) size *= 2;
  return size;
}

function reverseBits(signal: Complex): void {
  const { re, im } = signal;
  const size = re.length;
  for (let i = 1, j = 0; i < size; i += 1) {
    let bit = size >> 1;
    for (; (j & bit) !== 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    const real = re[i] ?? 0;
    const imaginary = im[i] ?? 0;
    re[i] = re[j] ?? 0;
    im[i] = im[j] ?? 0;
    re[j] = real;
    im[j] = imaginary;
  }
}

/**
 * Fast Fourier transform in place, radix 2, decimation in time (Cooley and Tukey 1965).
 *
 * Neither direction scales: a round trip multiplies by the length.
 *
 * @throws RangeError when the length is no power of two
 */
export function transform(signal: Complex, direction: 'forward' | 'inverse'): void {
  const { re, im } = signal;
  const size = re.length;
  if (size !== nextPowerOfTwo(size) || im.length !== size) {
    throw new RangeError(`FFT length ${size} is no power of two`);
  }
  reverseBits(signal);
  const sign = direction === 'forward' ? -1 : 1;
  const cosines = new Float64Array(size / 2);
  const sines = new Float64Array(size / 2);
  for (let i = 0; i < size / 2; i += 1) {
    cosines[i] = Math.cos((2 * Math.PI * i) / size);
    sines[i] = sign * Math.sin((2 * Math.PI * i) / size);
  }
  for (let span = 2; span <= size; span *= 2) {
    const half = span / 2;
    const step = size / span;
    for (let start = 0; start < size; start += span) {
      for (let k = 0; k < half; k += 1) {
        const low = start + k;
        const high = low + half;
        const c = cosines[k * step] ?? 0;
        const s = sines[k * step] ?? 0;
        const highRe = re[high] ?? 0;
        const highIm = im[high] ?? 0;
        const turnedRe = highRe * c - highIm * s;
        const turnedIm = highRe * s + highIm * c;
        const lowRe = re[low] ?? 0;
        const lowIm = im[low] ?? 0;
        re[low] = lowRe + turnedRe;
        im[low] = lowIm + turnedIm;
        re[high] = lowRe - turnedRe;
        im[high] = lowIm - turnedIm;
      }
    }
  }
}

/** Zero-padded complex copy of a real signal, ready for `transform`. */
export function complexFrom(samples: ArrayLike<number>, size: number): Complex {
  const re = new Float64Array(size);
  for (let i = 0; i < samples.length; i += 1) re[i] = samples[i] ?? 0;
  return { re, im: new Float64Array(size) };
}
