/** Upper left corner of the overlay, in CSS pixels of the window. */
export interface Place {
  readonly left: number;
  readonly top: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Room kept between the overlay and the edges of the window, in CSS pixels. */
const MARGIN = 8;

/** Where it opens for the first time: on the right, below the bar at the top. */
export function firstPlace(size: Size, frame: Size): Place {
  return keptInside({ left: frame.width - size.width - 2 * MARGIN, top: 64 }, size, frame);
}

/** The place nearest to the wanted one where all of it can be seen; its head where there is no such place. */
export function keptInside(wanted: Place, size: Size, frame: Size): Place {
  const within = (value: number, most: number): number => Math.max(MARGIN, Math.min(value, most));
  return {
    left: within(wanted.left, frame.width - size.width - MARGIN),
    top: within(wanted.top, frame.height - size.height - MARGIN),
  };
}

/** Reads what was stored; what is no place counts as none. */
export function readPlace(stored: string | null): Place | null {
  let value: unknown;
  try {
    value = JSON.parse(stored ?? 'null');
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('left' in value) || !('top' in value)) return null;
  const { left, top } = value;
  if (typeof left !== 'number' || typeof top !== 'number') return null;
  return Number.isFinite(left) && Number.isFinite(top) ? { left, top } : null;
}
