/** Where and as what a relay runs. Port 0: any free one. */
export interface RelayPlace {
  readonly folder: string;
  readonly port: number;
  readonly roomName: string;
  readonly ownerIdentity: string | null;
}

/** To the relay's process. */
export interface RelayOrder {
  readonly kind: 'stop';
  readonly reason: 'closing' | 'restarting';
}

/** From the relay's process. */
export type RelayNews =
  | { readonly kind: 'listening'; readonly port: number; readonly certificateSha256: string }
  | { readonly kind: 'counters'; readonly counters: Readonly<Record<string, number>> };
