/** What a process that holds idle sessions is started with. */
export interface IdleCrowd {
  readonly port: number;
  /** Number of its first member, for names and source addresses. */
  readonly first: number;
  readonly count: number;
}

/** From it: all it could open are open; `refused` says why the others are not, most frequent reason first. */
export type IdleNews =
  | { readonly kind: 'open'; readonly count: number; readonly refused: string | null }
  | { readonly kind: 'standing'; readonly count: number };

/** To it: how many still stand? */
export type IdleOrder = { readonly kind: 'count' };
