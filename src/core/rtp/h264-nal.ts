/** Kinds of NAL units (ITU-T H.264, table 7-1) that somebody here asks for. */
export const NAL_SLICE = 1;
export const NAL_IDR_SLICE = 5;
export const NAL_SEQUENCE_PARAMETERS = 7;
export const NAL_PICTURE_PARAMETERS = 8;
const NAL_DELIMITER = 9;
const NAL_SEI = 6;

export function nalType(unit: Uint8Array): number {
  return (unit[0] ?? 0) & 0x1f;
}

/**
 * Takes an Annex-B byte stream apart (ITU-T H.264, section B.1): start codes of three or four bytes, zeros before and
 * behind them belong to no unit.
 */
export function splitAnnexB(stream: Uint8Array): readonly Uint8Array[] {
  const units: Uint8Array[] = [];
  let from = -1;
  for (let at = 0; at + 2 < stream.length; at += 1) {
    if (stream[at] !== 0 || stream[at + 1] !== 0 || stream[at + 2] !== 1) continue;
    if (from >= 0) units.push(stream.subarray(from, at));
    from = at + 3;
    at += 2;
  }
  if (from >= 0) units.push(stream.subarray(from));
  return units.map(withoutTrailingZeros).filter(({ length }) => length > 0);
}

function withoutTrailingZeros(unit: Uint8Array): Uint8Array {
  let to = unit.length;
  while (to > 0 && unit[to - 1] === 0) to -= 1;
  return unit.subarray(0, to);
}

/** A slice whose picture begins with it: `first_mb_in_slice` is 0, which Exp-Golomb writes as a single one. */
function beginsPicture(unit: Uint8Array): boolean {
  return ((unit[1] ?? 0) & 0x80) !== 0;
}

function isSlice(type: number): boolean {
  return type >= NAL_SLICE && type <= NAL_IDR_SLICE;
}

/**
 * Groups NAL units into access units (ITU-T H.264, section 7.4.1.2.3): a new one begins with the first delimiter,
 * parameter set, SEI or slice of a new picture that comes behind a slice.
 */
export function accessUnitsOf(units: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const pictures: Uint8Array[][] = [];
  let current: Uint8Array[] = [];
  let hasSlice = false;
  for (const unit of units) {
    const type = nalType(unit);
    const begins = isSlice(type) ? beginsPicture(unit) : type >= NAL_SEI && type <= NAL_DELIMITER;
    if (hasSlice && begins) {
      pictures.push(current);
      current = [];
      hasSlice = false;
    }
    current.push(unit);
    hasSlice ||= isSlice(type);
  }
  if (current.length > 0) pictures.push(current);
  return pictures;
}
