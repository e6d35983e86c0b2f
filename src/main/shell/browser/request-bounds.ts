import { z } from 'zod';

/** Largest request of a window, in bytes: the longest command of the contract is under 3 KiB. */
export const MAX_REQUEST_BYTES = 16_384;

/** Requests a window may make at once: a page that starts, with room to spare. */
export const MAX_REQUEST_BURST = 240;

/** Requests a window may make per second: a dragged volume slider makes 60 to 120. */
export const MAX_REQUESTS_PER_SECOND = 120;

/** Malformed requests after which a window is hung up on: ours makes none. */
export const MAX_BAD_REQUESTS = 8;

const requestSchema = z.strictObject({
  id: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  command: z.string().max(64),
  payload: z.unknown(),
});

export type WindowRequest = z.infer<typeof requestSchema>;

/** Reads one frame of a window's socket. Never throws. */
export function readRequest(
  data: string | null,
): { ok: true; request: WindowRequest } | { ok: false; reason: 'notText' | 'notJson' | 'badShape' } {
  if (data === null) return { ok: false, reason: 'notText' };
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return { ok: false, reason: 'notJson' };
  }
  const parsed = requestSchema.safeParse(value);
  return parsed.success ? { ok: true, request: parsed.data } : { ok: false, reason: 'badShape' };
}

/** Token bucket over a window's requests. */
export class RequestAllowance {
  #left = MAX_REQUEST_BURST;
  #lastMs: number;

  constructor(nowMs: number) {
    this.#lastMs = nowMs;
  }

  /** True when one more request may pass. */
  take(nowMs: number): boolean {
    const earned = ((nowMs - this.#lastMs) / 1_000) * MAX_REQUESTS_PER_SECOND;
    this.#left = Math.min(MAX_REQUEST_BURST, this.#left + earned);
    this.#lastMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
