/** What one thread of the crowd is given. */
export interface CrowdData {
  readonly port: number;
  readonly certificateSha256: string;
  /** Number of its first member; they count on over all threads. */
  readonly first: number;
  readonly count: number;
  /** Members in all threads together. */
  readonly everybody: number;
}

/** Main thread to a thread of the crowd. */
export type CrowdCommand =
  /** One delay in ms per member of the thread. */
  | { readonly kind: 'join'; readonly delaysMs: readonly number[] }
  | { readonly kind: 'leave'; readonly member: number }
  | { readonly kind: 'rejoin'; readonly member: number }
  /** Forgets who was heard so far, and reports anew when everybody was. */
  | { readonly kind: 'listen'; readonly members: number };

/** A thread of the crowd to the main thread. Times are those of `wallClockMs`. */
export type CrowdEvent =
  | { readonly kind: 'joined'; readonly member: number; readonly atMs: number }
  | { readonly kind: 'failed'; readonly member: number; readonly sentence: string }
  | { readonly kind: 'left'; readonly member: number; readonly atMs: number }
  /** Sends under other keys from now on. */
  | { readonly kind: 'key'; readonly member: number; readonly atMs: number }
  /** Has opened voice of every other member since `listen`. */
  | { readonly kind: 'hearsAll'; readonly member: number; readonly atMs: number };

/** A clock that all threads share, in ms. */
export function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}
