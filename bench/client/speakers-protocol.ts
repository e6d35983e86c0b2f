/** What the thread of speakers is given. */
export interface SpeakersData {
  readonly port: number;
  readonly certificateSha256: string;
  readonly count: number;
  /** Encoded speech, 20 ms each; everybody says it over and over, each from another place on. */
  readonly packets: readonly Uint8Array[];
}

/** Main thread to the speakers. */
export type SpeakersCommand = { readonly kind: 'talk'; readonly talking: boolean };

/** The speakers to the main thread. */
export type SpeakersEvent =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly sentence: string };
